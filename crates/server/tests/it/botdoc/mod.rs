//! Botdoc's API at the wire: the seed's requests as printed, chunks in any order, limits and ends that hold, mail, callbacks, and
//! the page behind a link in a browser.

mod agent;
mod auth;
mod bad_input;
mod callbacks;
mod chunks;
mod containers;
pub mod doors;
mod ends;
mod limits;
mod lists;
pub mod notifications;
mod page;
mod requests;
mod seed;
mod together;

pub use agent::{Agent, add_service_user};

//! Mediaflow's API at the wire: the seed's requests as printed, a file selector, a strictly typed client, uploads, and what is refused.

mod agent;
mod bad_input;
pub mod doors;
mod links;
mod sdk;
mod seed;
mod selector;
mod sessions;
mod together;
mod uploads;

pub use agent::{Agent, ask, refused};

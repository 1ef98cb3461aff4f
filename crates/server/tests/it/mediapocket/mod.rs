//! MediaPocket's API at the wire: the seed's requests as printed, links that keep their word, URLs that botocore signs and reads,
//! files fetched from elsewhere, and mail.

pub mod account;
pub mod assets;
mod collections;
mod comments;
pub mod doors;
pub mod fetching;
mod keys;
mod limits;
pub mod links;
pub mod mail;
mod passwords;
mod presigned;
mod projects;
mod seed;
mod story;
mod validation;

pub use account::Account;

//! What the wire tests share: a server on each engine, a client that shows every byte, real programs, pictures with known
//! pixels, and the one normaliser. It knows no test.

pub mod addresses;
pub mod botocore;
pub mod browser;
pub mod clamd;
pub mod client;
pub mod engines;
pub mod forms;
pub mod health;
pub mod json;
pub mod lines;
pub mod listener;
pub mod nginx;
pub mod organizations;
pub mod packages;
pub mod pictures;
pub mod programs;
pub mod scenes;
pub mod server;
pub mod smtp;
pub mod views;

pub use client::{Answer, Ask};
pub use engines::{on_each_engine, on_each_engine_with, on_one_engine_with};
pub use organizations::Organization;
pub use scenes::Scene;
pub use server::{NOW_MS, Server, until};

/// Every route of one dialect.
pub fn routes_of(prefix: &str) -> Vec<mediary::DialectRoute> {
    mediary::dialect_routes().into_iter().filter(|(known, ..)| *known == prefix).collect()
}

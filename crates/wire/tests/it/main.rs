//! What a client of any dialect sees, over real sockets.
#![expect(clippy::unwrap_used, reason = "tests")]

mod delivering;
mod layer;
mod routing;
mod sockets;
mod support;
mod uploads;

//! Tests of the whole server at the wire: real sockets, real engines, real programs beside it. They know what the seed and
//! the contract say, not how the server does it.

#![expect(clippy::unwrap_used, reason = "tests")]

mod arrows;
mod auth;
mod bad_input;
mod bad_uploads;
mod cold;
mod doors;
mod garbage;
mod interruptions;
mod ranges;
mod seed;
mod sizes;
mod story;
mod support;

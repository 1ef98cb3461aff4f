//! Tests of the whole server at the wire: real sockets, real engines, real programs beside it. They know what the seed and
//! the contract say, not how the server does it.

#![expect(clippy::unwrap_used, reason = "tests")]

mod access;
mod arrows;
mod audit;
mod auth;
mod backups;
mod bad_bodies;
mod bad_changes;
mod bad_input;
mod bad_rules;
mod bad_uploads;
mod botdoc;
mod cold;
mod corpus;
mod crash;
mod doors;
mod drawings;
mod durability;
mod encryption;
mod file_manager;
mod flextype;
mod garbage;
mod hostile;
mod interruptions;
mod limits;
mod mediaflow;
mod mediapocket;
mod metrics;
mod moving;
mod outside;
mod pdf;
mod policies;
mod polyglots;
mod privacy;
mod quotas;
mod ranges;
mod renditions;
mod scanning;
mod search;
mod seed;
mod signing_keys;
mod sizes;
mod sources;
mod story;
mod support;
mod throttle;
mod trash;
mod upload_agent;

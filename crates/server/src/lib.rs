//! Floor 4: settings, wiring, the command line. The only crate that names every other, and the only one that reads the
//! environment (in `environment.rs`).

mod audit;
mod backups;
mod care;
mod cli;
mod encryption;
mod environment;
mod folders;
mod founding;
mod keys;
mod links;
mod metrics;
mod mounts;
mod policy;
mod probes;
mod quarantine;
mod renditions;
mod serving;
mod settings;
mod signing_keys;
mod wiring;

use std::{ffi::OsString, process::ExitCode};

pub use founding::{FlipletKeys, Keys, MediaflowKeys, found};
pub use mounts::{DialectRoute, dialect_routes, mounts};
pub use serving::{Running, start};
pub use settings::{BadSettings, Settings};
pub use wiring::{open, open_with_clock};

/// Runs the command that the arguments name.
#[must_use]
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    cli::run(arguments)
}

/// What a command failed of: one sentence for the person at the terminal, with its causes behind it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

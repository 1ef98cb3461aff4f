//! What Fliplet's clients put into queries and bodies: sizes, ids, type filters, changes, searches. Pure translations of
//! text that is already percent-decoded; they know no requests and no library verbs.

mod changes;
mod flags;
mod ids;
#[cfg(test)]
pub(crate) mod samples;
mod searches;
mod sizes;
mod types;

use std::{error::Error, fmt};

pub use changes::{FileChange, FolderChange, Placement};
pub use ids::{Context, MAX_IDS, Place, parse_id, parse_ids, parse_json_id, parse_json_ids};
pub use searches::{Aggregate, Search};
pub use sizes::{MAX_SIDE, default_plan, parse_plan, parse_size};
pub use types::TypeFilter;

/// A parameter that cannot be read. Its text says what is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadParameter {
    /// The parameter, as the client spells it.
    pub name: &'static str,
    /// What is accepted: the end of a sentence that begins with the name.
    pub accepted: &'static str,
}

impl fmt::Display for BadParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.accepted)
    }
}

impl Error for BadParameter {}

/// The value that a parameter carries. Clients written in JavaScript send nothing as `""`, `null` or `undefined`.
fn present(text: &str) -> Option<&str> {
    let text = text.trim();
    (!matches!(text, "" | "null" | "undefined")).then_some(text)
}

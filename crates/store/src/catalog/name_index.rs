//! The engines' own indexes of names. SQLite's gives the names that hold a term newest first, so that one can stop at any
//! of them; PostgreSQL's gives them all at once and in no order, so that they have to be few. It knows no page.

use super::{Catalog, Writer, postgres, sqlite};
use crate::Noun;

/// A statement that finds hits among so many rows at most. `$1` is the tenant, `$2` an id that all are below, `$3` the first
/// and `$4` the last path, `$5` 1 for what is in the trash, `$6` how many hits at most, `$7` what the names are like, or
/// what an index looks for, and `$8` how many rows. It gives the hits (`is_hit` 1), and how far it came (`is_hit` 0): 0 when
/// nothing is left, else the id below which it did not look.
pub(crate) type Step = &'static str;

/// How the open engine finds the names that hold a term.
#[derive(Debug)]
pub(crate) enum NameIndex {
    /// Newest first; `wanted` is what it looks for.
    InOrder { step: Step, wanted: String },
    /// In no order: when something is left, the hits are any. In a transaction that begins with `hold`, which takes the
    /// term and tells whether the index knows anything of it (`known`).
    AtOnce { hold: &'static str, step: Step },
}

impl Catalog {
    /// The index of a noun's names, if it has what the term needs.
    pub(crate) fn name_index(&self, noun: Noun, term: &str) -> Option<NameIndex> {
        match &self.writer {
            Writer::Sqlite(_) => sqlite::name_index(noun, term),
            Writer::Postgres(_) => postgres::name_index(noun, term),
        }
    }
}

/// Whether the engine ended a statement because it took too long.
pub(crate) fn took_too_long(error: &sqlx::Error) -> bool {
    postgres::is_cancelled(error)
}

//! Slugs: one name space for the living folders and files of a parent. A taken slug gets `-2`, `-3` …, where another one
//! will do.

use sqlx::AnyConnection;

use crate::{Error, Noun, Result, catalog::Columns};

/// Who holds a slug.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Holder {
    Folder(i64),
    Asset(i64),
}

impl Holder {
    const fn noun(self) -> Noun {
        match self {
            Self::Folder(_) => Noun::Folder,
            Self::Asset(_) => Noun::Asset,
        }
    }
}

/// A slug that somebody would like to have, in two parts so that a number goes before the extension.
#[derive(Debug, Clone)]
pub struct Slug {
    /// What comes before the extension.
    pub stem: String,
    /// With its dot, or empty.
    pub extension: String,
    /// Whether no other one will do.
    pub exact: bool,
}

impl Slug {
    /// This slug and no other.
    #[must_use]
    pub const fn exactly(slug: String) -> Self {
        Self { stem: slug, extension: String::new(), exact: true }
    }

    fn numbered(&self, number: i64) -> String {
        format!("{}-{number}{}", self.stem, self.extension)
    }

    /// The slug as wished for.
    #[must_use]
    pub fn plain(&self) -> String {
        format!("{}{}", self.stem, self.extension)
    }
}

const CLAIM: &str = "insert into names (folder_id, slug, child_folder_id, asset_id) values ($1, $2, $3, $4) \
     on conflict (folder_id, slug) do nothing";
const NEXT: &str = "insert into name_counters (folder_id, base, next) values ($1, $2, 2) \
     on conflict (folder_id, base) do update set next = name_counters.next + 1 returning next";
const RELEASE: &str = "delete from names where folder_id = $1 and slug = $2";
/// Each try moves the counter on, so only names that somebody chose to end in our numbers cost a second one.
const MAX_TRIES: u32 = 10_000;

/// Takes the slug, or the next free number of it, and tells which. `Taken` when no other will do.
pub(crate) async fn claim(conn: &mut AnyConnection, folder_id: i64, slug: &Slug, holder: Holder) -> Result<String> {
    let mut wished = slug.plain();
    for _ in 0..MAX_TRIES {
        if insert(conn, folder_id, &wished, holder).await? {
            return Ok(wished);
        }
        if slug.exact {
            return Err(Error::Taken(holder.noun()));
        }
        let next = sqlx::query(NEXT).bind(folder_id).bind(slug.plain()).fetch_one(&mut *conn).await?;
        wished = slug.numbered(next.int("next")?);
    }
    Err(Error::Taken(Noun::Asset))
}

/// Lets go of one slug and takes another. Who wants one and no other keeps what they have when that is taken, by themselves too.
pub(crate) async fn exchange(
    conn: &mut AnyConnection,
    (old_folder, old): (i64, &str),
    (new_folder, new): (i64, &Slug),
    holder: Holder,
) -> Result<String> {
    if new.exact {
        let slug = claim(conn, new_folder, new, holder).await?;
        release(conn, old_folder, old).await?;
        return Ok(slug);
    }
    release(conn, old_folder, old).await?;
    claim(conn, new_folder, new, holder).await
}

/// Lets go of a slug.
pub(crate) async fn release(conn: &mut AnyConnection, folder_id: i64, slug: &str) -> Result<()> {
    sqlx::query(RELEASE).bind(folder_id).bind(slug).execute(conn).await?;
    Ok(())
}

async fn insert(conn: &mut AnyConnection, folder_id: i64, slug: &str, holder: Holder) -> Result<bool> {
    let (folder, asset) = match holder {
        Holder::Folder(id) => (Some(id), None),
        Holder::Asset(id) => (None, Some(id)),
    };
    let done = sqlx::query(CLAIM).bind(folder_id).bind(slug).bind(folder).bind(asset).execute(conn).await?;
    Ok(done.rows_affected() == 1)
}

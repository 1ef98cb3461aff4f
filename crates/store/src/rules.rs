//! Access rules: who may do what with a folder, all below it, or one file. Kept as text with the folder or file that they
//! were set on; who is let in is the library's business.

use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, any::AnyRow};

use crate::{
    Catalog, Error, Noun, Result,
    audit::{self, Action, Stamp},
    catalog::Columns,
    folders::FolderKind,
};

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// See names and bytes.
    Read,
    /// Make folders and upload.
    Create,
    /// Rename, move, describe, replace.
    Update,
    /// Put in the trash, restore and purge.
    Delete,
}

/// One rule. They are tried from the first; the first that grants is enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// What people call it.
    pub name: Option<String>,
    /// Passed over when it is not.
    pub enabled: bool,
    /// Who is not let in by it is let in by none that follows.
    pub stop: bool,
    /// What it is about; never empty.
    pub types: Vec<Access>,
    /// Only for callers from these spaces; empty: from anywhere.
    pub spaces: Vec<i64>,
    /// Whom it lets in.
    pub allow: Allow,
}

/// Whom a rule lets in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allow {
    /// Everybody, those without a key too.
    All,
    /// People who are signed in.
    LoggedIn,
    /// The holders of these tokens, by id.
    Tokens(Vec<i64>),
    /// People who are signed in and of whom all of this is true.
    People(Vec<Condition>),
}

/// Something that is true of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Of which of their properties.
    pub property: String,
    /// How it compares.
    pub test: Test,
    /// With what.
    pub value: String,
}

/// How a property compares with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// It is the same.
    Equals,
    /// It is another.
    NotEquals,
    /// The value is part of it.
    Contains,
}

/// What rules are set on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruled {
    /// A folder and all below it.
    Folder(i64),
    /// One file.
    Asset(i64),
}

/// The nearest rules at or above a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Governing {
    /// The folder that they were set on.
    pub folder_id: i64,
    /// What it is.
    pub kind: FolderKind,
    /// Its display name.
    pub name: String,
    /// The rules.
    pub rules: Vec<Rule>,
}

/// Climbs from a folder until there are rules, at most as many steps as a tree is deep.
const GOVERNING: &str = "with recursive up (id, parent_id, kind, name, access_rules) as ( \
     select id, parent_id, kind, name, access_rules from folders where tenant_id = $1 and id = $2 \
     union all select f.id, f.parent_id, f.kind, f.name, f.access_rules \
     from up join folders f on f.id = up.parent_id where up.access_rules is null) \
     select id, kind, name, access_rules from up where access_rules is not null";
const SET_ON_FOLDER: &str = "update folders set access_rules = $3, updated_at = $4 where tenant_id = $1 and id = $2 \
     and purged_at is null returning id";
const SET_ON_ASSET: &str = "update assets set access_rules = $3, updated_at = $4 where tenant_id = $1 and id = $2 \
     and state = 'ready' returning id";

impl Catalog {
    /// The rules that hold in a folder: its own, or those of the nearest one above it that has any.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn governing_rules(&self, tenant_id: i64, folder_id: i64) -> Result<Option<Governing>> {
        let row = sqlx::query(GOVERNING).bind(tenant_id).bind(folder_id).fetch_optional(self.read()).await?;
        let read = |row: &AnyRow| -> Result<Option<Governing>> {
            let Some(rules) = of_row(row, "access_rules")? else { return Ok(None) };
            let kind = FolderKind::parse(&row.text("kind")?)?;
            Ok(Some(Governing { folder_id: row.int("id")?, kind, name: row.text("name")?, rules }))
        };
        row.as_ref().map_or(Ok(None), read)
    }

    /// Sets the rules of a folder or file, in the trash or not; none takes them away, so that those above hold.
    ///
    /// # Errors
    /// `Missing` when it is not there.
    pub async fn set_rules(&self, tenant_id: i64, ruled: Ruled, rules: Option<&[Rule]>, stamp: &Stamp) -> Result<()> {
        let mut tx = self.begin().await?;
        set(tx.conn(), tenant_id, ruled, rules, stamp).await?;
        tx.commit().await
    }
}

async fn set(
    conn: &mut AnyConnection,
    tenant_id: i64,
    ruled: Ruled,
    rules: Option<&[Rule]>,
    stamp: &Stamp,
) -> Result<()> {
    let text = rules.map(|rules| serde_json::to_string(rules).expect("rules are plain data"));
    let (statement, noun, id) = match ruled {
        Ruled::Folder(id) => (SET_ON_FOLDER, Noun::Folder, id),
        Ruled::Asset(id) => (SET_ON_ASSET, Noun::Asset, id),
    };
    let query = sqlx::query(statement).bind(tenant_id).bind(id).bind(text).bind(stamp.now_ms);
    query.fetch_optional(&mut *conn).await?.ok_or(Error::Missing(noun))?;
    audit::note(conn, tenant_id, stamp, Action::Rule, (noun, id)).await
}

/// The rules in a column of a row.
pub(crate) fn of_row(row: &AnyRow, column: &str) -> Result<Option<Vec<Rule>>> {
    let Some(text) = row.text_or_null(column)? else { return Ok(None) };
    // Rules that can not be read let nobody in, and those who are held by none can set others.
    let rules = serde_json::from_str(&text);
    if let Err(error) = &rules {
        tracing::error!(%error, column, "access rules can not be read: nobody is let in by them");
    }
    Ok(Some(rules.unwrap_or_default()))
}

//! Paths of slugs: what one leads to, and making the folders that are missing on the way to a place.

use sqlx::AnyConnection;

use crate::{
    Catalog, Error, Noun, Result,
    audit::{self, Action, Stamp},
    catalog::Columns,
    folders::{self, FolderKind, NewFolder},
    names::Slug,
};

/// What a path of slugs leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// A folder.
    Folder(i64),
    /// A file.
    Asset(i64),
}

/// How far a path leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// How many of its slugs are there.
    pub slugs: usize,
    /// What the last of these names; none of them: the folder that the path begins at.
    pub named: Named,
    /// The folder in which that has its name; the folder that the path begins at: itself.
    pub holder: i64,
}

/// Where something was when it was looked up by its path: what is to be done to it is done to what is there, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The folder that held it.
    pub folder_id: i64,
    /// Its slug there.
    pub slug: String,
}

impl Seen {
    /// Whether it is still there; of what was not looked up by a path nobody asks.
    pub(crate) fn expect(seen: Option<&Self>, (folder_id, slug): (i64, &str), noun: Noun) -> Result<()> {
        let is_there = seen.is_none_or(|seen| (seen.folder_id, seen.slug.as_str()) == (folder_id, slug));
        if is_there { Ok(()) } else { Err(Error::Missing(noun)) }
    }
}

/// Folders that are to be made on the way to a place, each in the one before it. Those that are there by then are gone through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Missing {
    /// The outermost first.
    pub folders: Vec<MissingFolder>,
    /// Whether anybody may read what lies in them.
    pub public_read: bool,
    /// Who makes them.
    pub created_by: i64,
}

/// A folder that is to have exactly this slug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingFolder {
    /// Its slug.
    pub slug: String,
    /// Its display name.
    pub name: String,
    /// The name folded for ordering.
    pub name_key: String,
}

/// So many slugs are followed by one statement.
const STRIDE: usize = 8;
/// `cross join`: from each name to the next, whatever the engine thinks of that.
const FOLLOW: &str = "with recursive wanted (at, slug) as (values (1, cast($2 as text)), (2, cast($3 as text)), \
     (3, cast($4 as text)), (4, cast($5 as text)), (5, cast($6 as text)), (6, cast($7 as text)), (7, cast($8 as text)), \
     (8, cast($9 as text))), \
     walked (at, folder_id, asset_id, holder) as (select 0, cast($1 as bigint), cast(null as bigint), cast($1 as bigint) \
     union all select w.at + 1, n.child_folder_id, n.asset_id, n.folder_id from walked w cross join wanted s cross join names n \
     where s.at = w.at + 1 and n.folder_id = w.folder_id and n.slug = s.slug) \
     select cast(at as bigint) as slugs, folder_id, asset_id, holder from walked order by at desc limit 1";
const NAMED: &str = "select child_folder_id as folder_id, asset_id from names where folder_id = $1 and slug = $2";

impl Catalog {
    /// How far a path of slugs leads from a folder. Only the living have names, so what it leads to lives if that folder does.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn follow(&self, folder_id: i64, slugs: &[&str]) -> Result<Reached> {
        let mut reached = Reached { slugs: 0, named: Named::Folder(folder_id), holder: folder_id };
        for stride in slugs.chunks(STRIDE) {
            let Named::Folder(from) = reached.named else { break };
            let query = (0..STRIDE).fold(sqlx::query(FOLLOW).bind(from), |query, place| {
                query.bind((*stride.get(place).unwrap_or(&"")).to_owned())
            });
            let row = query.fetch_one(self.read()).await?;
            let walked = usize::try_from(row.count("slugs")?).unwrap_or_default();
            if walked > 0 {
                reached.named = named(&row)?;
                reached.holder = row.int("holder")?;
                reached.slugs += walked;
            }
            if walked < stride.len() {
                break;
            }
        }
        Ok(reached)
    }
}

/// Goes on from a folder through those that are missing, making what is; the id of the last. The caller holds the tenant's tree.
pub(crate) async fn reach(
    conn: &mut AnyConnection,
    tenant_id: i64,
    from: i64,
    missing: &Missing,
    stamp: &Stamp,
) -> Result<i64> {
    let mut folder = folders::living(conn, tenant_id, from).await?;
    for step in &missing.folders {
        let query = sqlx::query(NAMED).bind(folder.id).bind(&step.slug);
        folder = match query.fetch_optional(&mut *conn).await?.as_ref().map(named).transpose()? {
            Some(Named::Folder(id)) => folders::living(conn, tenant_id, id).await?,
            Some(Named::Asset(_)) => return Err(Error::Taken(Noun::Asset)),
            None => {
                let made = NewFolder {
                    tenant_id,
                    parent_id: folder.id,
                    kind: FolderKind::Plain,
                    name: step.name.clone(),
                    name_key: step.name_key.clone(),
                    slug: Slug::exactly(step.slug.clone()),
                    public_read: missing.public_read,
                    expires_at: None,
                    created_by: missing.created_by,
                    missing: Missing::default(),
                };
                let made = folders::make(conn, &made, &folder, stamp.now_ms).await?;
                audit::note(conn, tenant_id, stamp, Action::Create, (Noun::Folder, made.id)).await?;
                made
            }
        };
    }
    Ok(folder.id)
}

fn named(row: &sqlx::any::AnyRow) -> Result<Named> {
    match (row.int_or_null("folder_id")?, row.int_or_null("asset_id")?) {
        (Some(id), _) => Ok(Named::Folder(id)),
        (None, Some(id)) => Ok(Named::Asset(id)),
        (None, None) => Err(Error::Corrupt("a name of nothing".to_owned())),
    }
}

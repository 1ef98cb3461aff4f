//! Copying assets. A copy shares its original's bytes and takes over what is said of it, its limit, count and end; links
//! stay with the original. The bytes' rows are taken first, so that none of them dies before the copy points at it.

use sqlx::{Any, AnyConnection, any::AnyArguments, query::Query};

use super::change::{folder_of, set_slug};
use crate::{
    Catalog, Error, Noun, Result,
    audit::{self, Action, Stamp},
    catalog::{Columns, settle},
    names::{self, Holder, Slug},
    paths::Missing,
    quotas,
};

/// Where a copy of one asset is to lie.
#[derive(Debug, Clone)]
pub struct AssetCopy {
    /// The folder.
    pub folder_id: i64,
    /// The folders that are to be made between that one and the copy.
    pub missing: Missing,
    /// Display name and folded name, where it is to have another.
    pub name: Option<(String, String)>,
    /// The slug wished for.
    pub slug: Slug,
    /// What the copies' keys begin with: 10 characters of `A-Za-z0-9_-` that are new. Their originals' ids follow.
    pub key_prefix: String,
    /// Who copies.
    pub created_by: i64,
}

/// Copies of a folder's assets, to where nobody sees them yet.
#[derive(Debug)]
pub(crate) struct Batch<'a> {
    /// The folder that is copied.
    pub(crate) from: i64,
    /// The folder that takes the copies.
    pub(crate) to: i64,
    /// See [`AssetCopy::key_prefix`].
    pub(crate) key_prefix: &'a str,
    /// Who copies.
    pub(crate) created_by: i64,
    /// When.
    pub(crate) now_ms: i64,
    /// Behind which asset it begins, by folded name and id.
    pub(crate) after: &'a (String, i64),
    /// With which it ends.
    pub(crate) last: &'a (String, i64),
}

/// New copies, which are still to get what belongs to them.
struct Copies {
    folder_id: i64,
    /// The first and the last id: no others of that folder lie between.
    ids: (i64, i64),
    created_by: i64,
}

/// Those of a batch: a part of a folder, in the order of its index.
macro_rules! of_batch {
    () => {
        "o.folder_id = $1 and o.deleted_at is null and (o.name_key, o.id) > ($2, $3) and (o.name_key, o.id) <= ($4, $5) "
    };
}
/// `folder_id + 0`: SQLite would rather go through the whole folder than through some ids.
macro_rules! of_copies {
    () => {
        "n.id >= $1 and n.id <= $2 and n.folder_id + 0 = $3 "
    };
}
/// The original of a copy is at the end of its key.
macro_rules! original {
    () => {
        "cast(substr(n.asset_key, 11) as bigint) "
    };
}

const BATCH: &str = "select name_key, id from assets where folder_id = $1 and deleted_at is null and state = 'ready' \
     and (name_key, id) > ($2, $3) order by name_key, id limit $4";
const TAKE_BYTES: &str = concat!(
    "update blobs set size = size where id in (select v.blob_id from assets o cross join versions v where ",
    of_batch!(),
    "and v.asset_id = o.id and v.number = o.version_number)"
);
/// What is not ready, quarantined or over is skipped, and what has come by a name since that a copy has already.
const COPY: &str = concat!(
    "insert into assets (tenant_id, folder_id, asset_key, slug, name, name_key, title, description, state, scan, \
     version_number, download_count, download_limit, expires_at, ends_for_good, created_by, created_at, updated_at, family, \
     text_key, access_rules) select o.tenant_id, $6, cast($7 as text) || substr(cast(10000000000 + o.id as text), 2), o.slug, o.name, \
     o.name_key, o.title, o.description, o.state, o.scan, 1, o.download_count, o.download_limit, o.expires_at, \
     o.ends_for_good, $9, \
     o.created_at, $8, o.family, o.text_key, o.access_rules from assets o where ",
    of_batch!(),
    "and o.state = 'ready' and o.scan <> 'infected' and (o.expires_at is null or o.expires_at > $8) \
     and not exists (select 1 from names t where t.folder_id = $6 and t.slug = o.slug) returning id"
);
const COPY_NAMES: &str = concat!(
    "insert into names (folder_id, slug, asset_id) select n.folder_id, n.slug, n.id from assets n where ",
    of_copies!()
);
const COPY_VERSIONS: &str = concat!(
    "insert into versions (asset_id, number, blob_id, media_type, width, height, orientation, animated, created_by, \
     created_at, picture) select n.id, 1, v.blob_id, v.media_type, v.width, v.height, v.orientation, v.animated, $4, \
     v.created_at, v.picture from assets n cross join assets o cross join versions v where ",
    of_copies!(),
    "and o.id = ",
    original!(),
    "and v.asset_id = o.id and v.number = o.version_number"
);
const COPY_FIELDS: &str = concat!(
    "insert into fields (asset_id, field_path, position, kind, value) select n.id, d.field_path, d.position, d.kind, d.value \
     from assets n cross join fields d where ",
    of_copies!(),
    "and d.asset_id = ",
    original!()
);
const COPY_TAGS: &str = concat!(
    "insert into tags (asset_id, tag) select n.id, d.tag from assets n cross join tags d where ",
    of_copies!(),
    "and d.asset_id = ",
    original!()
);
const COUNT: &str = concat!(
    "insert into tallies (tenant_id, folder_id, bucket, live, bytes) select n.tenant_id, n.folder_id, n.id >> 10, \
     cast(count(*) as bigint), cast(sum(b.size) as bigint) from assets n cross join versions v cross join blobs b where ",
    of_copies!(),
    "and v.asset_id = n.id and b.id = v.blob_id group by n.tenant_id, n.folder_id, n.id >> 10 \
     on conflict (tenant_id, folder_id, bucket) do update set live = tallies.live + excluded.live, \
     bytes = tallies.bytes + excluded.bytes"
);
const COUNT_FOR_TENANT: &str = concat!(
    "insert into tenant_tallies (tenant_id, bucket, live) select n.tenant_id, n.id >> 10, cast(count(*) as bigint) \
     from assets n where ",
    of_copies!(),
    "group by n.tenant_id, n.id >> 10 \
     on conflict (tenant_id, bucket) do update set live = tenant_tallies.live + excluded.live"
);
const KEPT: &str = concat!(
    "select n.tenant_id, cast(count(*) as bigint) as files, cast(sum(b.size) as bigint) as bytes \
     from assets n cross join versions v cross join blobs b where ",
    of_copies!(),
    "and v.asset_id = n.id and b.id = v.blob_id group by n.tenant_id"
);
/// Takes the row of an asset, so that it is there until its copy is.
const HOLD: &str = "update assets set name = name where tenant_id = $1 and id = $2 and deleted_at is null \
     and state = 'ready' returning folder_id, name_key";
const COPY_ONE: &str = "insert into assets (tenant_id, folder_id, asset_key, slug, name, name_key, title, description, state, \
     scan, version_number, download_count, download_limit, expires_at, ends_for_good, created_by, created_at, updated_at, family, \
     text_key, access_rules) select o.tenant_id, $2, cast($3 as text) || substr(cast(10000000000 + o.id as text), 2), $4, \
     coalesce(cast($5 as text), o.name), coalesce(cast($6 as text), o.name_key), o.title, o.description, o.state, o.scan, 1, \
     o.download_count, o.download_limit, o.expires_at, o.ends_for_good, $7, o.created_at, $8, o.family, o.text_key, o.access_rules \
     from assets o where o.id = $1 returning id";

impl Catalog {
    /// Copies one asset; the copy's id.
    ///
    /// # Errors
    /// `Missing` when it or the folder is not there or in the trash; `Taken` when the slug is, and no other will do; `Refused` over the
    /// tenant's quota.
    pub async fn copy_asset(&self, tenant_id: i64, id: i64, copy: &AssetCopy, stamp: &Stamp) -> Result<i64> {
        settle(|| self.try_copy_asset(tenant_id, id, copy, stamp)).await
    }

    async fn try_copy_asset(&self, tenant_id: i64, id: i64, copy: &AssetCopy, stamp: &Stamp) -> Result<i64> {
        let mut tx = self.begin().await?;
        let folder_id = folder_of(tx.conn(), tenant_id, copy.folder_id, &copy.missing, stamp).await?;
        let held = sqlx::query(HOLD).bind(tenant_id).bind(id).fetch_optional(tx.conn()).await?;
        let held = held.ok_or(Error::Missing(Noun::Asset))?;
        let last = (held.text("name_key")?, id);
        let after = (last.0.clone(), id - 1);
        let batch = Batch {
            from: held.int("folder_id")?,
            to: folder_id,
            key_prefix: &copy.key_prefix,
            created_by: copy.created_by,
            now_ms: stamp.now_ms,
            after: &after,
            last: &last,
        };
        of(TAKE_BYTES, &batch).execute(tx.conn()).await?;
        let (name, name_key) = copy.name.clone().unzip();
        let query = sqlx::query(COPY_ONE).bind(id).bind(folder_id).bind(&copy.key_prefix).bind(copy.slug.plain());
        let query = query.bind(name).bind(name_key).bind(copy.created_by).bind(stamp.now_ms);
        let row = query.fetch_one(tx.conn()).await;
        let copy_id = row.map_err(|error| Error::of_row(error, Noun::Asset, Noun::Folder))?.int("id")?;
        let slug = names::claim(tx.conn(), folder_id, &copy.slug, Holder::Asset(copy_id)).await?;
        if slug != copy.slug.plain() {
            set_slug(tx.conn(), copy_id, &slug).await?;
        }
        let copies = Copies { folder_id, ids: (copy_id, copy_id), created_by: copy.created_by };
        complete(tx.conn(), &copies).await?;
        audit::note(tx.conn(), tenant_id, stamp, Action::Create, (Noun::Asset, copy_id)).await?;
        tx.commit().await?;
        Ok(copy_id)
    }

    /// The last of the next so many assets of a folder that may be copied, by folded name and id; none: there are no more.
    pub(crate) async fn end_of_batch(
        &self,
        folder_id: i64,
        after: &(String, i64),
        limit: i64,
    ) -> Result<Option<(String, i64)>> {
        let query = sqlx::query(BATCH).bind(folder_id).bind(&after.0).bind(after.1).bind(limit);
        let rows = query.fetch_all(self.read()).await?;
        rows.last().map(|row| Ok((row.text("name_key")?, row.int("id")?))).transpose()
    }
}

/// Copies the assets of a batch, names and all.
pub(crate) async fn copy_batch(conn: &mut AnyConnection, batch: &Batch<'_>) -> Result<()> {
    of(TAKE_BYTES, batch).execute(&mut *conn).await?;
    let query = of(COPY, batch).bind(batch.to).bind(batch.key_prefix.to_owned());
    let rows = query.bind(batch.now_ms).bind(batch.created_by).fetch_all(&mut *conn).await;
    let rows = rows.map_err(|error| Error::of_row(error, Noun::Asset, Noun::Folder))?;
    let ids = rows.iter().map(|row| row.int("id")).collect::<Result<Vec<_>>>()?;
    let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else { return Ok(()) };
    let copies = Copies { folder_id: batch.to, ids: (*first, *last), created_by: batch.created_by };
    of_copies(COPY_NAMES, &copies).execute(&mut *conn).await?;
    complete(conn, &copies).await
}

/// Gives copies what belongs to them. The tallies, which writers to one tenant share, come last.
async fn complete(conn: &mut AnyConnection, copies: &Copies) -> Result<()> {
    of_copies(COPY_VERSIONS, copies).bind(copies.created_by).execute(&mut *conn).await?;
    for statement in [COPY_FIELDS, COPY_TAGS, COUNT, COUNT_FOR_TENANT] {
        of_copies(statement, copies).execute(&mut *conn).await?;
    }
    for row in of_copies(KEPT, copies).fetch_all(&mut *conn).await? {
        let by = quotas::Growth { files: row.int("files")?, bytes: row.int("bytes")? };
        quotas::grow(conn, row.int("tenant_id")?, by).await?;
    }
    Ok(())
}

fn of<'q>(statement: &'static str, batch: &Batch<'_>) -> Query<'q, Any, AnyArguments> {
    let query = sqlx::query(statement).bind(batch.from).bind(batch.after.0.clone()).bind(batch.after.1);
    query.bind(batch.last.0.clone()).bind(batch.last.1)
}

fn of_copies<'q>(statement: &'static str, copies: &Copies) -> Query<'q, Any, AnyArguments> {
    sqlx::query(statement).bind(copies.ids.0).bind(copies.ids.1).bind(copies.folder_id)
}

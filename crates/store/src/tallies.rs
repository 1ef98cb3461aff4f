//! Tallies: how many living assets each folder and each tenant has, and how many bytes, by runs of 1024 ids: exact counts
//! and the starts of pages without a scan. What has no bytes, because they are yet to come or are gone, is counted beside that.

use std::collections::BTreeMap;

use sqlx::AnyConnection;

use crate::{Catalog, Result, catalog::Columns, quotas};

/// How many ids share a row, as a power of two.
const RUN_BITS: u32 = 10;

const ADD: &str = "insert into tallies (tenant_id, folder_id, bucket, live, bytes, bare) \
     values ($1, $2, $3, $4, $5, $6) on conflict (tenant_id, folder_id, bucket) \
     do update set live = tallies.live + $4, bytes = tallies.bytes + $5, bare = tallies.bare + $6";
const ADD_TO_TENANT: &str = "insert into tenant_tallies (tenant_id, bucket, live, bare) values ($1, $2, $3, $4) \
     on conflict (tenant_id, bucket) do update set live = tenant_tallies.live + $3, bare = tenant_tallies.bare + $4";
const FOLDER: &str =
    "select cast(coalesce(sum(live), 0) as bigint) as live from tallies where tenant_id = $1 and folder_id = $2";
/// What the trash holds is far less than the library, so it is what gets subtracted. `cross join` has SQLite begin with the
/// folders: by itself it would begin with the tallies, which are the whole library's.
const TENANT: &str = "select (select cast(coalesce(sum(live), 0) as bigint) from tenant_tallies where tenant_id = $1) \
     - (select cast(coalesce(sum(t.live), 0) as bigint) from folders f cross join tallies t \
     where t.tenant_id = f.tenant_id and t.folder_id = f.id and f.tenant_id = $1 and f.trashed_root is not null) as live";
/// The same with what has no bytes.
const TENANT_ROWS: &str = "select (select cast(coalesce(sum(live + bare), 0) as bigint) from tenant_tallies \
     where tenant_id = $1) - (select cast(coalesce(sum(t.live + t.bare), 0) as bigint) from folders f cross join tallies t \
     where t.tenant_id = f.tenant_id and t.folder_id = f.id and f.tenant_id = $1 and f.trashed_root is not null) as live";
const FOLDER_ROWS: &str = "select cast(coalesce(sum(live + bare), 0) as bigint) as live from tallies \
     where tenant_id = $1 and folder_id = $2";
/// Where the half begins that the asset is in: the newer one, if that and what is newer still hold so many.
macro_rules! half {
    () => {
        "start + case when passed + newer < $2 then 0 else width / 2 end"
    };
}

/// Halves the span of runs in which the asset lies until it is one, by what the newer half holds (`newer`) and what all
/// newer spans do (`passed`), and goes along the assets of that run only. What the trash holds is summed first. It counts
/// `$counted` of a tally, and goes along the assets that are `$those`.
macro_rules! page_start {
    ($counted:literal, $of_trash:literal, $those:literal) => {
        concat!(
            "with recursive trash as materialized (select t.bucket, sum(",
            $of_trash,
            ") as live from folders f cross join tallies t \
             where f.tenant_id = $1 and f.trashed_root is not null and t.tenant_id = f.tenant_id and t.folder_id = f.id \
             group by t.bucket), \
             spans (start, width, passed, newer) as (select cast(0 as bigint), cast(2147483648 as bigint), cast(0 as bigint), \
             cast(0 as bigint) union all select ",
            half!(),
            ", width / 2, passed + case when passed + newer < $2 then newer else 0 end, \
             cast((select coalesce(sum(",
            $counted,
            "), 0) from tenant_tallies r where r.tenant_id = $1 and r.bucket >= ",
            half!(),
            " + width / 4 and r.bucket < ",
            half!(),
            " + width / 2) - (select coalesce(sum(trash.live), 0) from trash where trash.bucket >= ",
            half!(),
            " + width / 4 and trash.bucket < ",
            half!(),
            " + width / 2) as bigint) from spans where width > 1), \
             place as materialized (select start * 1024 as first, $2 - passed as number from spans where width = 1) \
             select a.id from assets a join folders f on f.id = a.folder_id \
             where a.tenant_id = $1 and a.deleted_at is null and a.id >= (select first from place) \
             and a.id < (select first + 1024 from place) ",
            $those,
            " and f.trashed_root is null order by a.id desc limit 1 offset (select number - 1 from place)"
        )
    };
}
const PAGE_START: &str = page_start!("r.live", "t.live", "and a.state = 'ready'");
const ROWS_START: &str = page_start!("r.live + r.bare", "t.live + t.bare", "and a.state <> 'placeholder'");
/// The space itself and what lies in it.
const SPACE_BYTES: &str = "select (select cast(coalesce(sum(bytes), 0) as bigint) from tallies \
     where tenant_id = $1 and folder_id = $2) + (select cast(coalesce(sum(t.bytes), 0) as bigint) from folders f \
     cross join tallies t where t.tenant_id = f.tenant_id and t.folder_id = f.id \
     and f.space_id = $2 and f.tenant_id = $1 and f.trashed_root is null) as bytes";

/// What one transaction changes, gathered so that each row is touched once and all writers touch them in one order.
#[derive(Default)]
pub(crate) struct Counts {
    folders: BTreeMap<(i64, i64, i64), Count>,
    tenants: BTreeMap<(i64, i64), (i64, i64)>,
    kept: BTreeMap<i64, quotas::Growth>,
}

/// What changes in a run.
#[derive(Default, Clone, Copy)]
struct Count {
    live: i64,
    bytes: i64,
    bare: i64,
}

impl Counts {
    /// Notes an asset of so many bytes that comes to live in a folder.
    pub(crate) fn add(&mut self, tenant_id: i64, folder_id: i64, asset_id: i64, bytes: i64) {
        self.note(tenant_id, folder_id, asset_id, Count { live: 1, bytes, bare: 0 });
    }

    /// Notes an asset that lives in a folder no longer.
    pub(crate) fn remove(&mut self, tenant_id: i64, folder_id: i64, asset_id: i64, bytes: i64) {
        self.note(tenant_id, folder_id, asset_id, Count { live: -1, bytes: -bytes, bare: 0 });
    }

    /// Notes an asset whose bytes are more by so many, or fewer.
    pub(crate) fn resize(&mut self, tenant_id: i64, folder_id: i64, asset_id: i64, by: i64) {
        self.note(tenant_id, folder_id, asset_id, Count { live: 0, bytes: by, bare: 0 });
    }

    /// Notes an asset without bytes that comes to be in a folder.
    pub(crate) fn add_bare(&mut self, tenant_id: i64, folder_id: i64, asset_id: i64) {
        self.note(tenant_id, folder_id, asset_id, Count { live: 0, bytes: 0, bare: 1 });
    }

    /// Notes that one is there no longer.
    pub(crate) fn remove_bare(&mut self, tenant_id: i64, folder_id: i64, asset_id: i64) {
        self.note(tenant_id, folder_id, asset_id, Count { live: 0, bytes: 0, bare: -1 });
    }

    /// Notes that a tenant keeps so many files more, and so many bytes, or fewer: in the trash they are still kept.
    pub(crate) fn keep(&mut self, tenant_id: i64, files: i64, bytes: i64) {
        let kept = self.kept.entry(tenant_id).or_default();
        *kept = quotas::Growth { files: kept.files + files, bytes: kept.bytes + bytes };
    }

    fn note(&mut self, tenant_id: i64, folder_id: i64, asset_id: i64, by: Count) {
        let bucket = asset_id >> RUN_BITS;
        let folder = self.folders.entry((tenant_id, folder_id, bucket)).or_default();
        *folder = Count { live: folder.live + by.live, bytes: folder.bytes + by.bytes, bare: folder.bare + by.bare };
        let tenant = self.tenants.entry((tenant_id, bucket)).or_default();
        *tenant = (tenant.0 + by.live, tenant.1 + by.bare);
    }

    /// Counts what was noted, in the transaction that makes it so. Last before the commit: these are the rows that
    /// writers to one tenant share. Refused where a tenant would keep more than it may.
    pub(crate) async fn store(self, conn: &mut AnyConnection) -> Result<()> {
        for ((tenant_id, folder_id, bucket), by) in self.folders {
            let query = sqlx::query(ADD).bind(tenant_id).bind(folder_id).bind(bucket);
            query.bind(by.live).bind(by.bytes).bind(by.bare).execute(&mut *conn).await?;
        }
        for ((tenant_id, bucket), (live, bare)) in self.tenants.into_iter().filter(|(_, by)| *by != (0, 0)) {
            let query = sqlx::query(ADD_TO_TENANT).bind(tenant_id).bind(bucket).bind(live).bind(bare);
            query.execute(&mut *conn).await?;
        }
        for (tenant_id, by) in self.kept {
            quotas::grow(conn, tenant_id, by).await?;
        }
        Ok(())
    }
}

impl Catalog {
    /// How many living assets a folder has, not counting those of folders inside it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count_folder_assets(&self, tenant_id: i64, folder_id: i64) -> Result<u64> {
        sqlx::query(FOLDER).bind(tenant_id).bind(folder_id).fetch_one(self.read()).await?.count("live")
    }

    /// How many assets of a tenant live in living folders.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count_tenant_assets(&self, tenant_id: i64) -> Result<u64> {
        sqlx::query(TENANT).bind(tenant_id).fetch_one(self.read()).await?.count("live")
    }

    /// Behind how many assets of a tenant a page begins: the id below which those are that come after the newest `skip`
    /// that live in living folders. None: there are not so many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn asset_page_start(&self, tenant_id: i64, skip: u64) -> Result<Option<i64>> {
        self.page_start(PAGE_START, tenant_id, skip).await
    }

    /// The same of all that have a row there, with bytes or without.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn row_page_start(&self, tenant_id: i64, skip: u64) -> Result<Option<i64>> {
        self.page_start(ROWS_START, tenant_id, skip).await
    }

    async fn page_start(&self, statement: &'static str, tenant_id: i64, skip: u64) -> Result<Option<i64>> {
        let Ok(skip) = i64::try_from(skip) else { return Ok(None) };
        if skip == 0 {
            return Ok(Some(i64::MAX));
        }
        let row = sqlx::query(statement).bind(tenant_id).bind(skip).fetch_optional(self.read()).await?;
        row.map(|row| row.int("id")).transpose()
    }

    /// How many assets have a row in living folders of a tenant, with bytes or without.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count_tenant_rows(&self, tenant_id: i64) -> Result<u64> {
        sqlx::query(TENANT_ROWS).bind(tenant_id).fetch_one(self.read()).await?.count("live")
    }

    /// How many assets have a row in a folder, with bytes or without.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count_folder_rows(&self, tenant_id: i64, folder_id: i64) -> Result<u64> {
        sqlx::query(FOLDER_ROWS).bind(tenant_id).bind(folder_id).fetch_one(self.read()).await?.count("live")
    }

    /// How many bytes the assets that live in a space and in the living folders in it have.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn space_bytes(&self, tenant_id: i64, space_id: i64) -> Result<u64> {
        sqlx::query(SPACE_BYTES).bind(tenant_id).bind(space_id).fetch_one(self.read()).await?.count("bytes")
    }
}

//! Where hits may lie: the rows of a tenant by their ids, those below a folder, those in the trash. What a statement must
//! not be served from the wrong index for is put in a form that only the right one serves, `(tenant_id, id)`, or none:
//! `id + 0`, `name_key || ''`.

use crate::{Noun, catalog::Step};

/// Rows that are looked at all together, if they are few.
pub(super) struct Pool {
    /// How many there are, up to the limit `$2`; `$1` is the tenant, `$3` the first and `$4` the last path.
    pub size: &'static str,
    /// The hits among them, newest first; it takes what a [`Step`] takes, but for `$8`.
    pub hits: &'static str,
}

/// Where hits of one noun may lie.
pub(super) struct Sources {
    pub noun: Noun,
    /// What lies below a folder.
    pub below: Pool,
    /// What is in the trash, where that is no run of its own.
    pub trash: Option<Pool>,
    /// Along these is all that lives …
    pub living: &'static [Step],
    /// … and along these all that is in the trash.
    pub trashed: &'static [Step],
}

pub(super) const ASSETS: Sources = Sources {
    noun: Noun::Asset,
    below: Pool { size: BELOW_SIZE, hits: BELOW },
    trash: Some(Pool { size: TRASH_SIZE, hits: TRASH }),
    living: &[KEPT],
    trashed: &[KEPT, DELETED],
};

pub(super) const FOLDERS: Sources = Sources {
    noun: Noun::Folder,
    below: Pool { size: FOLDERS_BELOW_SIZE, hits: FOLDERS_BELOW },
    trash: None,
    living: &[FOLDERS_LIVING],
    trashed: &[FOLDERS_TRASHED],
};

/// Not in the trash by themselves; their folders may be. SQLite takes the rows out of the index by `tenant_id = …` and
/// `id < …`. PostgreSQL has no index that compares with a numeric, and none but this in the order of the pair.
const KEPT: &str = "with reach as materialized (select coalesce((select id from assets \
     where tenant_id >= $1 and (tenant_id, id) < ($1, $2) and tenant_id = cast($1 as numeric) \
     and id < cast($2 as numeric) and deleted_at is null and state = 'ready' order by tenant_id desc, id desc limit 1 offset $8 - 1), \
     0) as id) select id, 1 as is_hit from (select n.id from (select tenant_id, id, folder_id, state, name_key \
     from assets where tenant_id >= $1 and (tenant_id, id) < ($1, $2) and tenant_id = cast($1 as numeric) \
     and id < cast($2 as numeric) and deleted_at is null and state = 'ready' order by tenant_id desc, id desc limit $8) n \
     where (n.name_key || '') like $7 escape '\\' \
     and $5 = (select case when f.trashed_root is null then 0 else 1 end from folders f \
     where f.id = n.folder_id and f.path >= $3 and f.path < $4 and f.purged_at is null) \
     order by n.tenant_id desc, n.id desc limit $6) h union all select id, 0 from reach";
const DELETED: &str = "with reach as materialized (select coalesce((select id from assets \
     where tenant_id >= $1 and (tenant_id, id) < ($1, $2) and tenant_id = cast($1 as numeric) \
     and id < cast($2 as numeric) and deleted_at is not null order by tenant_id desc, id desc limit 1 offset $8 - 1), \
     0) as id) select id, 1 as is_hit from (select n.id from (select tenant_id, id, folder_id, state, name_key \
     from assets where tenant_id >= $1 and (tenant_id, id) < ($1, $2) and tenant_id = cast($1 as numeric) \
     and id < cast($2 as numeric) and deleted_at is not null order by tenant_id desc, id desc limit $8) n \
     where n.state = 'ready' and (n.name_key || '') like $7 escape '\\' \
     and $5 = (select 1 from folders f \
     where f.id = n.folder_id and f.path >= $3 and f.path < $4 and f.purged_at is null) \
     order by n.tenant_id desc, n.id desc limit $6) h union all select id, 0 from reach";
/// An empty folder counts as one row: it costs as much.
const BELOW_SIZE: &str = "select count(*) as size from (select 1 as one \
     from (select id from folders where tenant_id = $1 and path >= $3 and path < $4 limit $2) f \
     left join assets a on a.folder_id = f.id limit $2) s";
const BELOW: &str = "select a.id from folders f cross join assets a \
     where f.tenant_id = $1 and f.path >= $3 and f.path < $4 and f.purged_at is null and a.folder_id = f.id \
     and a.id + 0 < $2 and a.state = 'ready' and (a.name_key || '') like $7 escape '\\' \
     and (a.deleted_at is not null or f.trashed_root is not null) = ($5 = 1) order by a.id desc limit $6";
const TRASH_SIZE: &str = "select (select count(*) from (select 1 as one from assets \
     where tenant_id = $1 and deleted_at is not null limit $2) a) + (select count(*) from (select 1 as one \
     from (select id from folders where tenant_id = $1 and trashed_root is not null limit $2) f \
     left join assets a on a.folder_id = f.id limit $2) b) as size";
const TRASH: &str = "select id from (select a.id from assets a join folders f on f.id = a.folder_id \
     where a.tenant_id = $1 and a.deleted_at is not null and a.id < $2 and a.state = 'ready' \
     and (a.name_key || '') like $7 escape '\\' and (f.path || '') >= $3 and (f.path || '') < $4 \
     and f.purged_at is null union all select a.id from folders f cross join assets a \
     where f.tenant_id = $1 and f.trashed_root is not null and f.purged_at is null and (f.path || '') >= $3 \
     and (f.path || '') < $4 and a.folder_id = f.id and a.id + 0 < $2 and a.state = 'ready' \
     and a.deleted_at is null and (a.name_key || '') like $7 escape '\\') t where $5 = 1 order by id desc limit $6";

/// First the ids alone, which no other index has in this order.
const FOLDERS_LIVING: &str = "with near as materialized (select id from folders \
     where tenant_id >= $1 and (tenant_id, id) < ($1, $2) and tenant_id = cast($1 as numeric) \
     and id < cast($2 as numeric) and trashed_root is null order by tenant_id desc, id desc limit $8) \
     select id, 1 as is_hit from (select f.id from near cross join folders f where f.id = near.id and f.kind in ('plain', 'inbox') \
     and (f.name_key || '') like $7 escape '\\' and (f.path || '') > $3 and (f.path || '') < $4 \
     and f.purged_at is null and $5 = 0 order by f.id desc limit $6) h \
     union all select case when count(*) < $8 then 0 else min(id) end, 0 from near";
const FOLDERS_TRASHED: &str = "with near as materialized (select id from folders \
     where tenant_id >= $1 and (tenant_id, id) < ($1, $2) and tenant_id = cast($1 as numeric) \
     and id < cast($2 as numeric) and trashed_root is not null order by tenant_id desc, id desc limit $8) \
     select id, 1 as is_hit from (select f.id from near cross join folders f where f.id = near.id and f.kind in ('plain', 'inbox') \
     and (f.name_key || '') like $7 escape '\\' and (f.path || '') > $3 and (f.path || '') < $4 \
     and f.purged_at is null and $5 = 1 order by f.id desc limit $6) h \
     union all select case when count(*) < $8 then 0 else min(id) end, 0 from near";
const FOLDERS_BELOW_SIZE: &str = "select count(*) as size \
     from (select 1 as one from folders where tenant_id = $1 and path >= $3 and path < $4 limit $2) s";
const FOLDERS_BELOW: &str = "select id from folders \
     where tenant_id = $1 and path > $3 and path < $4 and id + 0 < $2 and (kind || '') in ('plain', 'inbox') \
     and (name_key || '') like $7 escape '\\' and purged_at is null and (trashed_root is not null) = ($5 = 1) \
     order by id desc limit $6";

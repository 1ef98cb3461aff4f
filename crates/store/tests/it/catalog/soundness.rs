//! Whether a database hangs together: no half of a change is there without its other half.

#![expect(clippy::unwrap_used, reason = "tests")]

use sqlx::AnyConnection;

/// What the tallies of folders or of tenants should be.
macro_rules! truth {
    ($holder:literal) => {
        concat!(
            "select a.tenant_id, ",
            $holder,
            " as holder_id, a.id / 1024 as bucket, count(*) as live, sum(b.size) as bytes from assets a \
             join versions v on v.asset_id = a.id and v.number = a.version_number join blobs b on b.id = v.blob_id \
             where a.deleted_at is null and a.state = 'ready' group by 1, 2, 3"
        )
    };
}

/// How many assets without bytes there should be beside those: what waits for its first is in no count.
macro_rules! bare {
    ($holder:literal) => {
        concat!(
            "select a.tenant_id, ",
            $holder,
            " as holder_id, a.id / 1024 as bucket, count(*) as bare from assets a \
             where a.deleted_at is null and a.state in ('uploading', 'removed') group by 1, 2, 3"
        )
    };
}

/// Counts of things that must not be, each with what it means.
const NEVER: &[(&str, &str)] = &[
    (
        "an asset without its version",
        "select count(*) from assets a where a.state = 'ready' and not exists (select 1 from versions v where \
         v.asset_id = a.id and v.number = a.version_number)",
    ),
    (
        "a version without an asset",
        "select count(*) from versions v where not exists (select 1 from assets a where a.id = v.asset_id)",
    ),
    (
        "a living blob that nobody wants, or a dead one that somebody wants",
        "select count(*) from blobs b where (b.dead_at is null) <> exists (select 1 from versions v where v.blob_id = b.id)",
    ),
    (
        "a living asset without its slug",
        "select count(*) from assets a where a.deleted_at is null and a.state = 'ready' and not exists (select 1 from names n where \
         n.asset_id = a.id and n.folder_id = a.folder_id and n.slug = a.slug)",
    ),
    (
        "a slug without its asset",
        "select count(*) from names n where n.asset_id is not null and not exists (select 1 from assets a \
         where a.id = n.asset_id and a.folder_id = n.folder_id and a.slug = n.slug and a.deleted_at is null)",
    ),
    (
        "a folder without its slug",
        "select count(*) from folders f where f.deleted_at is null and f.purged_at is null and f.parent_id is not null \
         and not exists (select 1 from names n where n.child_folder_id = f.id and n.folder_id = f.parent_id and \
         n.slug = f.slug)",
    ),
    (
        "a slug without its folder",
        "select count(*) from names n join folders p on p.id = n.folder_id where p.purged_at is null and \
         n.child_folder_id is not null and not exists (select 1 from folders f where f.id = n.child_folder_id and \
         f.parent_id = n.folder_id and f.slug = n.slug and f.deleted_at is null and f.purged_at is null)",
    ),
    (
        "a folder whose path does not follow from its parent's",
        "select count(*) from folders f join folders p on p.id = f.parent_id where f.path <> p.path || \
         cast(f.id as text) || '/'",
    ),
    (
        "a folder that is in the trash by a mark that is not its own or its parent's",
        "select count(*) from folders f left join folders p on p.id = f.parent_id where f.purged_at is null and \
         f.trashed_root is distinct from case when f.deleted_at is not null then f.id else p.trashed_root end",
    ),
    (
        "a folder that is left below a purged one",
        "select count(*) from folders f join folders p on p.id = f.parent_id where f.purged_at is null and \
         p.purged_at is not null",
    ),
    (
        "a tally that is wrong",
        concat!(
            "with truth as (",
            truth!("a.folder_id"),
            ") select count(*) from tallies k full join truth t on \
             t.tenant_id = k.tenant_id and t.holder_id = k.folder_id and t.bucket = k.bucket where \
             coalesce(k.live, 0) <> coalesce(t.live, 0) or coalesce(k.bytes, 0) <> coalesce(t.bytes, 0)"
        ),
    ),
    (
        "a tally of a tenant that is wrong",
        concat!(
            "with truth as (",
            truth!("a.tenant_id"),
            ") select count(*) from tenant_tallies k full join truth t on \
             t.tenant_id = k.tenant_id and t.bucket = k.bucket where coalesce(k.live, 0) <> coalesce(t.live, 0)"
        ),
    ),
    (
        "a tally of what has no bytes that is wrong",
        concat!(
            "with truth as (",
            bare!("a.folder_id"),
            ") select count(*) from tallies k full join truth t on t.tenant_id = k.tenant_id \
             and t.holder_id = k.folder_id and t.bucket = k.bucket where coalesce(k.bare, 0) <> coalesce(t.bare, 0)"
        ),
    ),
    (
        "a tally of what has no bytes in a tenant that is wrong",
        concat!(
            "with truth as (",
            bare!("a.tenant_id"),
            ") select count(*) from tenant_tallies k full join truth t on t.tenant_id = k.tenant_id \
             and t.bucket = k.bucket where coalesce(k.bare, 0) <> coalesce(t.bare, 0)"
        ),
    ),
    (
        "an asset without bytes that has a version, a slug or a link",
        "select count(*) from assets a where a.state <> 'ready' and (exists (select 1 from versions v where \
         v.asset_id = a.id) or exists (select 1 from names n where n.asset_id = a.id) or exists (select 1 from links l \
         where l.asset_id = a.id))",
    ),
    (
        "an asset that was removed and tells nothing of it, or one that was not and does",
        "select count(*) from assets a where (a.state = 'removed') <> exists (select 1 from removals r where r.asset_id = a.id)",
    ),
    (
        "an upload in chunks that is under way and has no asset on its way, or is done and that has no bytes",
        "select count(*) from uploads u left join assets a on a.id = u.asset_id where u.part_count > 0 \
         and (a.id is null or (u.state = 'open') <> (a.state = 'uploading'))",
    ),
    (
        "an upload whose chunks are not the bytes that it counts",
        "select count(*) from uploads u where u.part_count > 0 and u.received_bytes <> \
         (select sum(p.size) from upload_parts p where p.upload_id = u.id)",
    ),
    (
        "an asset out of the trash that is to be purged from there",
        "select count(*) from assets where purge_at is not null and deleted_at is null",
    ),
    (
        "a fetch that is over and tells its address, or one that waits and has none",
        "select count(*) from fetches where (state = 'waiting') <> (url <> '')",
    ),
    (
        "an asset in a collection of another tenant",
        "select count(*) from collection_assets m join collections c on c.id = m.collection_id join assets a \
         on a.id = m.asset_id where a.tenant_id <> c.tenant_id",
    ),
    (
        "a sum of renditions that is wrong",
        "with truth as (select blob_id % 16 as slot, count(*) as count, sum(size) as bytes from renditions group by 1) \
         select count(*) from rendition_tallies k full join truth t on t.slot = k.slot where \
         coalesce(k.count, 0) <> coalesce(t.count, 0) or coalesce(k.bytes, 0) <> coalesce(t.bytes, 0)",
    ),
];

/// Fails when anything in the database is half done.
pub async fn assert_sound(conn: &mut AnyConnection) {
    for (what, sql) in NEVER {
        let count: i64 = sqlx::query_scalar(*sql).fetch_one(&mut *conn).await.unwrap();
        assert_eq!(count, 0, "{what}");
    }
}

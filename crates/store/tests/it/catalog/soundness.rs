//! Whether a database hangs together: no half of a change is there without its other half.

#![expect(clippy::unwrap_used, reason = "tests")]

use sqlx::AnyConnection;

/// Counts of things that must not be, each with what it means.
const NEVER: &[(&str, &str)] = &[
    (
        "an asset without its version",
        "select count(*) from assets a where not exists (select 1 from versions v where v.asset_id = a.id and \
         v.number = a.version_number)",
    ),
    (
        "a version without an asset",
        "select count(*) from versions v where not exists (select 1 from assets a where a.id = v.asset_id)",
    ),
    (
        "a blob that nobody wants",
        "select count(*) from blobs b where not exists (select 1 from versions v where v.blob_id = b.id)",
    ),
    (
        "a living asset without its slug",
        "select count(*) from assets a where a.deleted_at is null and not exists (select 1 from names n where \
         n.asset_id = a.id and n.folder_id = a.folder_id and n.slug = a.slug)",
    ),
    (
        "a slug without its asset",
        "select count(*) from names n where n.asset_id is not null and not exists (select 1 from assets a \
         where a.id = n.asset_id and a.folder_id = n.folder_id and a.slug = n.slug and a.deleted_at is null)",
    ),
    (
        "a folder without its slug",
        "select count(*) from folders f where f.deleted_at is null and f.parent_id is not null and not exists \
         (select 1 from names n where n.child_folder_id = f.id and n.folder_id = f.parent_id and n.slug = \
         f.slug)",
    ),
    (
        "a slug without its folder",
        "select count(*) from names n where n.child_folder_id is not null and not exists (select 1 from \
         folders f where f.id = n.child_folder_id and f.parent_id = n.folder_id and f.deleted_at is null)",
    ),
    (
        "a folder whose path does not follow from its parent's",
        "select count(*) from folders f join folders p on p.id = f.parent_id where f.path <> p.path || \
         cast(f.id as text) || '/'",
    ),
    (
        "a living folder below a trashed one",
        "select count(*) from folders f join folders p on p.id = f.parent_id where f.trashed_root is null and \
         p.trashed_root is not null",
    ),
    (
        "a tally that is wrong",
        "select count(*) from tallies t where t.live <> (select count(*) from assets a where a.folder_id = \
         t.folder_id and a.tenant_id = t.tenant_id and a.id / 1024 = t.bucket and a.deleted_at is null)",
    ),
    (
        "an asset that no tally counts",
        "select count(*) from assets a where a.deleted_at is null and not exists (select 1 from tallies t \
         where t.folder_id = a.folder_id and t.tenant_id = a.tenant_id and t.bucket = a.id / 1024)",
    ),
];

/// Fails when anything in the database is half done.
pub async fn assert_sound(conn: &mut AnyConnection) {
    for (what, sql) in NEVER {
        let count: i64 = sqlx::query_scalar(*sql).fetch_one(&mut *conn).await.unwrap();
        assert_eq!(count, 0, "{what}");
    }
}

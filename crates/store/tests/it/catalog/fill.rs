//! Many rows at once, past the catalog: what would take it minutes. Each statement begins with a remark, so that nobody
//! who listens for the catalog's own takes it for one.

#![expect(clippy::unwrap_used, reason = "tests")]

use sqlx::{AnyConnection, AssertSqlSafe};

use super::samples::Site;

/// Ids far above those that are given out meanwhile.
pub const FIRST_FILLED: i64 = 1_000_000;

/// Adds rows to a tenant: assets in a folder whose names are `WORD-NUMBER`, their ids apart by `stride`, as uploads would
/// leave them but for their bytes.
pub async fn fill_assets(
    conn: &mut AnyConnection,
    folder: (i64, i64),
    first: i64,
    count: i64,
    stride: i64,
    word: &str,
) {
    let (tenant_id, folder_id) = folder;
    let statement = format!(
        "/* fill */ insert into assets (id, tenant_id, folder_id, asset_key, slug, name, name_key, state, scan, version_number, \
         created_by, created_at, updated_at) \
         with recursive numbers (n) as (select 0 union all select n + 1 from numbers where n + 1 < {count}) \
         select {first} + n * {stride}, {tenant_id}, {folder_id}, 'k' || ({first} + n * {stride}), 'n', \
         '{word}-' || n, '{word}-' || n, 'ready', 'clean', 1, (select min(id) from users), 1, 1 from numbers"
    );
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *conn).await.unwrap();
    for table in ["tallies (tenant_id, folder_id, bucket, live)", "tenant_tallies (tenant_id, bucket, live)"] {
        let folder = if table.contains("folder_id") { format!("{folder_id}, ") } else { String::new() };
        let key = table.split(" (").nth(1).unwrap().trim_end_matches(", live)");
        let name = table.split(' ').next().unwrap();
        let statement = format!(
            "/* fill */ insert into {table} select {tenant_id}, {folder}id / 1024, count(*) from assets \
             where folder_id = {folder_id} and id >= {first} and id < {first} + {count} * {stride} group by id / 1024 \
             on conflict ({key}) do update set live = {name}.live + excluded.live"
        );
        // SQLite takes the `on` of a select without `where` for a join's; this one has a `group by` before it.
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *conn).await.unwrap();
    }
}

/// Adds empty folders to a folder, likewise; they are in the trash when `trashed`.
pub async fn fill_folders(conn: &mut AnyConnection, site: &Site, first: i64, count: i64, trashed: bool) {
    let (tenant_id, root, user) = (site.tenant.id, site.root.id, site.user.id);
    let gone = if trashed { "1, " } else { "null, null as " };
    let mark = if trashed { format!("{first} + n") } else { "x".to_owned() };
    let statement = format!(
        "/* fill */ insert into folders (id, tenant_id, parent_id, kind, name, name_key, slug, path, created_by, created_at, \
         updated_at, deleted_at, trashed_root) \
         with recursive numbers (n) as (select 0 union all select n + 1 from numbers where n + 1 < {count}) \
         select {first} + n, {tenant_id}, {root}, 'plain', 'box-' || n, 'box-' || n, 'box-' || n, \
         '/{root}/' || ({first} + n) || '/', {user}, 1, 1, {gone}{mark} from numbers"
    );
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(conn).await.unwrap();
}

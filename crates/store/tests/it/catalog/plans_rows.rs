//! Enough rows in each table that PostgreSQL plans as it does for a library in use; it knows no plan for empty tables.

#![expect(clippy::unwrap_used, reason = "tests")]

use sqlx::AnyConnection;

/// 50 tenants with 100 rows of each kind; ids far above those of the rows that are there already.
const FILL: &[&str] = &[
    "insert into tenants (id, name, created_at) select 1000 + n, 'n', n from generate_series(1, 50) n",
    "insert into tenant_use (tenant_id, files, bytes) select 1000 + n, 1, 1 from generate_series(1, 50) n",
    "insert into users (id, tenant_id, email, full_name, role, created_at) \
     select 10000 + n, 1001 + n % 50, n || '@x', 'n', 'admin', n from generate_series(1, 5000) n",
    "insert into folders (id, tenant_id, parent_id, kind, name, name_key, slug, path, created_by, created_at, updated_at) \
     select 10000 + n, 1001 + n % 50, case when n > 50 then 10001 + n % 50 end, 'plain', 'n', 'n' || n, 'n', \
     '/' || n || '/', 10001 + n % 50, n, n from generate_series(1, 5000) n",
    "insert into blobs (id, tenant_id, blob_key, size, sha256, md5, crc32, created_at) \
     select 10000 + n, 1001 + n % 50, 'k' || n, n, decode(md5('' || n), 'hex'), '', 0, n from generate_series(1, 5000) n",
    "insert into assets (id, tenant_id, folder_id, asset_key, slug, name, name_key, state, scan, version_number, \
     expires_at, created_by, created_at, updated_at, deleted_at, purge_at) select 10000 + n, 1001 + n % 50, 10001 + n % 500, 'k' || n, 'n', \
     'n', 'n' || n, case n % 10 when 3 then 'removed' when 7 then 'placeholder' else 'ready' end, 'clean', 1, case n % 10 when 0 then n end, \
     10001, n, n, case n % 20 when 1 then n end, case n % 20 when 1 then n end from generate_series(1, 5000) n",
    "insert into versions (id, asset_id, number, blob_id, media_type, created_by, created_at) \
     select 10000 + n, 10000 + n, 1, 10000 + n, 'a/b', 10001, n from generate_series(1, 5000) n",
    "insert into verdicts (sha256, verdict, engine, scanned_at) \
     select decode(md5('' || n), 'hex'), 'clean', 'e' || n % 3, n from generate_series(1, 5000) n",
    "insert into names (folder_id, slug, asset_id) select 10001 + n % 500, 'n' || n, n from generate_series(1, 5000) n",
    "insert into name_counters (folder_id, base, next) \
     select 10001 + n % 500, 'n' || n, 2 from generate_series(1, 5000) n",
    "insert into fields (asset_id, field_path, position, kind, value) \
     select 10001 + n % 1000, 'f' || n, n, 'text', 'v' from generate_series(1, 5000) n",
    "insert into tags (asset_id, tag) select 10001 + n % 1000, 't' || n % 100 || n / 1000 from generate_series(1, 5000) n",
    "insert into uploads (id, tenant_id, upload_key, realm, folder_id, name, detail, state, created_by, created_at, \
     expires_at, asset_id, part_count, grown_key) select 10000 + n, 1001 + n % 50, 'k' || n, 'r', 10001 + n % 500, 'n', '', \
     case n % 2 when 0 then 'open' else 'done' end, 10001, n, n, 10000 + n, n % 5, 'g' || n from generate_series(1, 5000) n",
    "insert into upload_parts (upload_id, number, blob_key, size, md5) \
     select 10001 + n % 1000, n, 'k', 1, '' from generate_series(1, 5000) n",
    "insert into renditions (blob_id, plan_key, blob_key, media_type, width, height, size, base, created_at, used_at) \
     select 10001 + n % 1000, 'p' || n, 'r' || n, 'a/b', n, n, 1, n % 2, n, n from generate_series(1, 5000) n",
    "insert into rendition_tallies (slot, count, bytes) select n, 1, 1 from generate_series(1000, 5000) n",
    "insert into image_details (blob_id, thumbhash, dominant, read_at) \
     select 10000 + n, '', 0, n from generate_series(1, 5000) n",
    "insert into tokens (id, tenant_id, user_id, realm, kind, name, secret_hash, rights, created_at) \
     select 10000 + n, 1001 + n % 50, 10001 + n % 500, 'r', 'k', 'n', decode(md5('' || n), 'hex'), 0, n \
     from generate_series(1, 5000) n",
    "insert into links (id, tenant_id, link_key, realm, asset_id, version_id, file_name, created_by, created_at) \
     select 10000 + n, 1001 + n % 50, 'k' || n, 'r', 10001 + n % 500, 10001 + n % 500, 'n', 10001, n \
     from generate_series(1, 5000) n",
    "insert into link_visits (link_id, made_at, outcome) \
     select 10001 + n % 1000, n, 'followed' from generate_series(1, 5000) n",
    "insert into collections (id, tenant_id, title, body, created_by, created_at, updated_at) \
     select 10000 + n, 1001 + n % 50, 't', '', 10001, n, n from generate_series(1, 5000) n",
    "insert into collection_assets (collection_id, asset_id, added_at) \
     select 10001 + n % 500, 10001 + n % 1000, n from generate_series(1, 5000) n on conflict do nothing",
    "insert into collection_users (collection_id, user_id) \
     select 10001 + n % 500, 10001 + n % 1000 from generate_series(1, 5000) n on conflict do nothing",
    "insert into fetches (id, tenant_id, asset_id, url, file_name, state, created_by, created_at) \
     select 10000 + n, 1001 + n % 50, 10001 + n % 1000, '', 'n', 'done', 10001, n from generate_series(1, 5000) n",
    "insert into jobs (id, kind, payload, state, run_at, claimed_until, finished_at, created_at) \
     select 10000 + n, 'k', '', case n % 4 when 0 then 'waiting' when 1 then 'running' when 2 then 'done' else 'failed' end, \
     n, n, n, n from generate_series(1, 5000) n",
    "insert into records (id, tenant_id, realm, kind, parent_id, folder_id, asset_id, body, created_at, updated_at, lookup) \
     select 10000 + n, 1001 + n % 50, 'r', 'k' || n % 3, case when n > 100 then 10001 + n % 100 end, 10001 + n % 500, \
     10001 + n % 1000, '', n, n, 'l' || n from generate_series(1, 5000) n",
    "insert into removals (asset_id, removed_at, media_type, size, md5) \
     select 10000 + n, n, 'a/b', n, '' from generate_series(1, 5000) n",
    "insert into download_log (id, asset_id, made_at) select 10000 + n, 10001 + n % 1000, n from generate_series(1, 5000) n",
    "insert into dispatches (id, tenant_id, realm, record_id, kind, recipient, body, state, created_at, finished_at) \
     select 10000 + n, 1001 + n % 50, 'r', 10001 + n % 1000, 'mail', 'n', '', 'sent', n, case n % 2 when 0 then n end \
     from generate_series(1, 5000) n",
    "insert into tallies (tenant_id, folder_id, bucket, live) \
     select 1001 + n % 50, 10001 + n % 500, n, 1 from generate_series(1, 5000) n",
    "insert into tenant_tallies (tenant_id, bucket, live) select 1001 + n % 50, n, 1 from generate_series(1, 5000) n",
    "insert into downloads (asset_id, caller, tag, begun_at, free_bytes) \
     select 10001 + n % 1000, 'c' || n, 't', n, n from generate_series(1, 5000) n",
    "insert into audit (id, tenant_id, made_at, action, noun, noun_id) \
     select 10000 + n, 1001 + n % 50, n, 'create', 'asset', n from generate_series(1, 5000) n",
    "analyze",
];

pub async fn fill_postgres(conn: &mut AnyConnection) {
    for statement in FILL {
        sqlx::raw_sql(*statement).execute(&mut *conn).await.unwrap();
    }
}

-- The library's first shape: everything the eight nouns need, for both engines. `{id}` is the engine's own identity
-- column, `{bytes}` its byte string and `{key}` its text that sorts by bytes (catalog/sqlite.rs, catalog/postgres.rs); all
-- else is one text. Times are
-- milliseconds since 1970, flags are 0 or 1, `path` is the chain of folder ids from the root, `/1/7/`.

create table tenants (
    id {id},
    name text not null,
    created_at bigint not null,
    -- Changes to the shape of a tenant's tree take this row first, so that they happen one after another.
    tree_epoch bigint not null default 0
);

create table users (
    id {id},
    tenant_id bigint not null references tenants (id),
    email text not null,
    full_name text not null,
    role text not null,
    password_hash text,
    created_at bigint not null,
    disabled_at bigint
);
create unique index users_by_email on users (tenant_id, email);
create index users_by_tenant on users (tenant_id, id);

create table folders (
    id {id},
    tenant_id bigint not null references tenants (id),
    parent_id bigint references folders (id),
    space_id bigint references folders (id),
    kind text not null,
    name text not null,
    name_key {key} not null,
    slug text not null,
    path {key} not null,
    public_read bigint not null default 0,
    expires_at bigint,
    created_by bigint not null references users (id),
    created_at bigint not null,
    updated_at bigint not null,
    deleted_at bigint,
    -- The folder, this one or one above it, whose way into the trash took this one along. Null: the folder lives.
    trashed_root bigint
);
create unique index folders_one_root on folders (tenant_id) where parent_id is null;
create index folders_by_parent on folders (parent_id, name_key, id);
create index folders_by_path on folders (tenant_id, path);
create index folders_by_kind on folders (tenant_id, kind, id);
create index folders_by_trashed_root on folders (trashed_root) where trashed_root is not null;

-- One name space for the living folders and files of a parent.
create table names (
    folder_id bigint not null references folders (id),
    slug text not null,
    child_folder_id bigint,
    asset_id bigint,
    primary key (folder_id, slug)
);

-- Where the search for a free `-2`, `-3` … begins, so that the ten thousandth "image" costs what the second did.
create table name_counters (
    folder_id bigint not null references folders (id),
    base text not null,
    next bigint not null,
    primary key (folder_id, base)
);

create table blobs (
    id {id},
    tenant_id bigint not null references tenants (id),
    blob_key text not null unique,
    size bigint not null,
    sha256 {bytes} not null,
    md5 {bytes} not null,
    crc32 bigint not null,
    created_at bigint not null,
    dead_at bigint
);
create unique index blobs_live_by_sha256 on blobs (tenant_id, sha256) where dead_at is null;

create table assets (
    id {id},
    tenant_id bigint not null references tenants (id),
    folder_id bigint not null references folders (id),
    asset_key text not null unique,
    slug text not null,
    name text not null,
    name_key {key} not null,
    title text,
    description text,
    state text not null,
    scan text not null,
    version_number bigint not null,
    download_count bigint not null default 0,
    download_limit bigint,
    expires_at bigint,
    created_by bigint not null references users (id),
    created_at bigint not null,
    updated_at bigint not null,
    deleted_at bigint
);
create index assets_by_folder on assets (folder_id, name_key, id) where deleted_at is null;
create index assets_latest on assets (tenant_id, created_at, id) where deleted_at is null;
create index assets_deleted on assets (tenant_id, deleted_at, id) where deleted_at is not null;

create table versions (
    id {id},
    asset_id bigint not null references assets (id),
    number bigint not null,
    blob_id bigint not null references blobs (id),
    media_type text not null,
    width bigint,
    height bigint,
    orientation bigint not null default 1,
    animated bigint not null default 0,
    created_by bigint not null references users (id),
    created_at bigint not null
);
create unique index versions_by_asset on versions (asset_id, number);
create index versions_by_blob on versions (blob_id);

-- Free metadata of an asset: dotted paths, typed, in the order in which they were stored.
create table fields (
    asset_id bigint not null references assets (id) on delete cascade,
    field_path text not null,
    position bigint not null,
    kind text not null,
    value text not null,
    primary key (asset_id, field_path)
);

create table tags (
    asset_id bigint not null references assets (id) on delete cascade,
    tag {key} not null,
    primary key (asset_id, tag)
);
create index tags_by_tag on tags (tag, asset_id);

create table uploads (
    id {id},
    tenant_id bigint not null references tenants (id),
    upload_key text not null unique,
    realm text not null,
    folder_id bigint not null references folders (id) on delete cascade,
    asset_id bigint references assets (id) on delete cascade,
    name text not null,
    declared_bytes bigint,
    received_bytes bigint not null default 0,
    hash_state {bytes},
    detail text not null,
    state text not null,
    created_by bigint not null references users (id),
    created_at bigint not null,
    expires_at bigint not null
);
create index uploads_by_expiry on uploads (expires_at) where state = 'open';

create table upload_parts (
    upload_id bigint not null references uploads (id) on delete cascade,
    number bigint not null,
    blob_key text not null,
    size bigint not null,
    md5 {bytes} not null,
    primary key (upload_id, number)
);

create table renditions (
    blob_id bigint not null references blobs (id) on delete cascade,
    plan_key text not null,
    blob_key text not null unique,
    media_type text not null,
    width bigint not null,
    height bigint not null,
    size bigint not null,
    created_at bigint not null,
    used_at bigint not null,
    primary key (blob_id, plan_key)
);
create index renditions_by_use on renditions (used_at);

create table tokens (
    id {id},
    tenant_id bigint not null references tenants (id),
    user_id bigint not null references users (id),
    realm text not null,
    kind text not null,
    name text not null,
    secret_hash {bytes} not null,
    rights bigint not null,
    folder_id bigint references folders (id),
    call_count bigint not null default 0,
    call_limit bigint,
    created_at bigint not null,
    expires_at bigint,
    revoked_at bigint
);
create unique index tokens_by_secret on tokens (realm, secret_hash);
create index tokens_by_tenant on tokens (tenant_id, id);
create index tokens_by_user on tokens (user_id) where revoked_at is null;

create table links (
    id {id},
    tenant_id bigint not null references tenants (id),
    link_key text not null unique,
    realm text not null,
    asset_id bigint not null references assets (id) on delete cascade,
    version_id bigint not null references versions (id),
    plan_key text,
    file_name text not null,
    use_count bigint not null default 0,
    use_limit bigint,
    created_by bigint not null references users (id),
    created_at bigint not null,
    expires_at bigint,
    revoked_at bigint
);
create index links_by_asset on links (asset_id, id);

create table jobs (
    id {id},
    tenant_id bigint references tenants (id),
    kind text not null,
    payload text not null,
    state text not null,
    attempts bigint not null default 0,
    run_at bigint not null,
    claimed_by text,
    claimed_until bigint,
    last_error text,
    created_at bigint not null,
    finished_at bigint
);
-- Whole indexes, state first: of a partial one and the last, SQLite would take the last and sort.
create index jobs_waiting on jobs (state, run_at, id);
create index jobs_running on jobs (state, claimed_until);
create index jobs_done on jobs (state, finished_at);
create index jobs_by_state on jobs (state, id);

-- What only one dialect knows: recipients, messages, comments, usage reports.
create table records (
    id {id},
    tenant_id bigint not null references tenants (id),
    realm text not null,
    kind text not null,
    parent_id bigint references records (id) on delete cascade,
    folder_id bigint references folders (id) on delete cascade,
    asset_id bigint references assets (id) on delete cascade,
    body text not null,
    created_at bigint not null,
    updated_at bigint not null
);
create index records_by_kind on records (tenant_id, realm, kind, id);
create index records_by_parent on records (parent_id, id) where parent_id is not null;
create index records_by_folder on records (folder_id, id) where folder_id is not null;
create index records_by_asset on records (asset_id, id) where asset_id is not null;

-- How many living assets of a folder have an id in each run of 1024, kept in the transaction that changes it.
create table tallies (
    tenant_id bigint not null references tenants (id),
    folder_id bigint not null references folders (id) on delete cascade,
    bucket bigint not null,
    live bigint not null,
    primary key (tenant_id, folder_id, bucket)
);

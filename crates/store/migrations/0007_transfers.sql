-- Files that come in pieces, end by themselves and tell who took them; what is sent to the world outside; and records that
-- are found by a key of their own.

-- How many parts are to come, how many of them lie in one piece already, how many bytes those have, and where.
alter table uploads add column part_count bigint not null default 0;
alter table uploads add column folded_count bigint not null default 0;
alter table uploads add column folded_bytes bigint not null default 0;
alter table uploads add column grown_key text;
create index uploads_by_grown_key on uploads (grown_key) where grown_key is not null;
-- A chunk may say no more than the name of its file.
drop index uploads_by_folder;
create index uploads_by_folder on uploads (folder_id, name, id);
-- Those that are over stay for a while, for who sends the last part once more.
drop index uploads_by_expiry;
create index uploads_by_expiry on uploads (expires_at);

-- Whether the bytes go for good when the time is over, and the row stays; else it goes in the trash.
alter table assets add column ends_for_good bigint not null default 0;
-- Rows without bytes are in nobody's way: an account that lives by sending files has mostly those.
drop index assets_by_tenant;
create index assets_by_tenant on assets (tenant_id, id) where deleted_at is null and state = 'ready';
drop index assets_by_family;
create index assets_by_family on assets (tenant_id, family, id) where deleted_at is null and state = 'ready';
drop index assets_by_expiry;
create index assets_by_expiry on assets (expires_at)
    where expires_at is not null and deleted_at is null and state = 'ready' and ends_for_good = 0;
-- These end in the trash too.
create index assets_by_end on assets (expires_at)
    where expires_at is not null and state = 'ready' and ends_for_good = 1;
create index assets_without_bytes on assets (tenant_id, id) where deleted_at is null and state <> 'ready';
-- How many of those there are, beside the living.
alter table tallies add column bare bigint not null default 0;
alter table tenant_tallies add column bare bigint not null default 0;
insert into tallies (tenant_id, folder_id, bucket, live, bare)
    select tenant_id, folder_id, id / 1024, 0, count(*) from assets where deleted_at is null and state <> 'ready'
    group by 1, 2, 3
    on conflict (tenant_id, folder_id, bucket) do update set bare = excluded.bare;
insert into tenant_tallies (tenant_id, bucket, live, bare)
    select tenant_id, bucket, 0, cast(sum(bare) as bigint) from tallies where bare > 0 group by 1, 2
    on conflict (tenant_id, bucket) do update set bare = excluded.bare;

-- Whether the bytes of a dead blob are a secret that is over: then they never lie in the holding area.
alter table blobs add column shred bigint not null default 0;

-- What is left of a file whose bytes are gone.
create table removals (
    asset_id bigint primary key references assets (id) on delete cascade,
    removed_at bigint not null,
    -- Who asked for it; null: its time was over.
    address text,
    media_type text not null,
    size bigint not null,
    md5 {bytes} not null
);

-- Each counted download of a limited file.
create table download_log (
    id {id},
    asset_id bigint not null references assets (id) on delete cascade,
    made_at bigint not null,
    address text
);
create index download_log_by_asset on download_log (asset_id, id);

-- A key by which a record is found without knowing whose it is.
alter table records add column lookup text;
create unique index records_by_lookup on records (lookup) where lookup is not null;

-- What goes out: mail, calls, text messages. A job sends each; this is what became of it.
create table dispatches (
    id {id},
    tenant_id bigint not null references tenants (id),
    realm text not null,
    -- The record that it tells of, if any.
    record_id bigint references records (id) on delete cascade,
    kind text not null,
    recipient text not null,
    body text not null,
    state text not null,
    attempts bigint not null default 0,
    last_error text,
    created_at bigint not null,
    finished_at bigint
);
create index dispatches_by_record on dispatches (record_id, id) where record_id is not null;
create index dispatches_by_tenant on dispatches (tenant_id, id);
create index dispatches_done on dispatches (finished_at) where finished_at is not null;
create index jobs_going_out on jobs (state, run_at, id) where kind = 'dispatch' and state = 'waiting';

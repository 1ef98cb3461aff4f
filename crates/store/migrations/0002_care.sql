-- A library that cares for itself: access rules, purging in steps, exact counts and sizes of a whole tenant, names to
-- search, downloads of limited files, and who changed what. The engine's own search of names stands at the end.

-- Text of `store::rules`; null: none here, those above hold.
alter table folders add column access_rules text;
-- Since when a folder in the trash is gone for good; its rows go in steps, and nobody sees them meanwhile.
alter table folders add column purged_at bigint;
alter table assets add column access_rules text;

create index folders_by_space on folders (space_id) where space_id is not null;
create index folders_deleted on folders (tenant_id, deleted_at, id) where deleted_at is not null;
create index folders_trashed on folders (tenant_id, id) where trashed_root is not null;
create index folders_living on folders (tenant_id, id) where trashed_root is null;
-- Whole, not only the living: a folder that is deleted is looked for here.
drop index assets_by_folder;
create index assets_by_folder on assets (folder_id, name_key, id);
drop index assets_latest;
create index assets_by_tenant on assets (tenant_id, id) where deleted_at is null;
create index assets_trashed on assets (tenant_id, id) where deleted_at is not null;
create index assets_ruled on assets (tenant_id, id) where access_rules is not null;
create index assets_by_expiry on assets (expires_at) where expires_at is not null and deleted_at is null;
create index jobs_by_kind on jobs (kind, id);
create index blobs_dead on blobs (dead_at, id) where dead_at is not null;
create index uploads_by_folder on uploads (folder_id);
create index uploads_by_asset on uploads (asset_id) where asset_id is not null;
create index upload_parts_by_blob on upload_parts (blob_key);
create index tokens_by_folder on tokens (folder_id) where folder_id is not null;
create index links_by_version on links (version_id);

-- How many bytes the current versions of those assets have.
alter table tallies add column bytes bigint not null default 0;
create index tallies_by_folder on tallies (folder_id);
delete from tallies;
insert into tallies (tenant_id, folder_id, bucket, live, bytes)
    select a.tenant_id, a.folder_id, a.id / 1024, count(*), cast(sum(b.size) as bigint)
    from assets a
    join versions v on v.asset_id = a.id and v.number = a.version_number
    join blobs b on b.id = v.blob_id
    where a.deleted_at is null and a.state = 'ready'
    group by 1, 2, 3;

-- The same of a whole tenant, but for what is in the trash by itself: what trashed folders hold is counted here too.
create table tenant_tallies (
    tenant_id bigint not null references tenants (id),
    bucket bigint not null,
    live bigint not null,
    primary key (tenant_id, bucket)
);
insert into tenant_tallies (tenant_id, bucket, live)
    select tenant_id, bucket, cast(sum(live) as bigint) from tallies group by 1, 2;

-- Downloads of limited files: what a caller may still take up again without being counted.
create table downloads (
    asset_id bigint not null references assets (id) on delete cascade,
    caller text not null,
    tag text not null,
    begun_at bigint not null,
    free_bytes bigint not null,
    primary key (asset_id, caller, tag)
);
create index downloads_by_time on downloads (begun_at);

-- Who changed what, when and from where. It points at nothing, because it outlives everything.
create table audit (
    id {id},
    tenant_id bigint not null,
    made_at bigint not null,
    action text not null,
    noun text not null,
    noun_id bigint not null,
    user_id bigint,
    token_id bigint,
    address text,
    request_id text
);
create index audit_by_tenant on audit (tenant_id, id);

{name_search}

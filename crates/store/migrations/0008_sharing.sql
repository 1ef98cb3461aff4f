-- Links that keep a password and tell who followed them; collections; files that are fetched from elsewhere; entries that wait
-- for their first bytes; and a trash whose things each have their own end.

-- Argon2 in PHC's notation; null: whoever has the link may follow it.
alter table links add column password_hash text;
create index links_by_tenant on links (tenant_id, id);

-- Whoever came by a link, and whether that was counted against its limit.
create table link_visits (
    id {id},
    link_id bigint not null references links (id) on delete cascade,
    made_at bigint not null,
    address text,
    user_agent text,
    outcome text not null
);
create index link_visits_by_link on link_visits (link_id, id);
create index link_visits_by_time on link_visits (made_at);

create table collections (
    id {id},
    tenant_id bigint not null references tenants (id),
    title text not null,
    description text,
    -- What only the dialect knows that made it.
    body text not null,
    is_public bigint not null default 0,
    created_by bigint not null references users (id),
    created_at bigint not null,
    updated_at bigint not null
);
create index collections_by_tenant on collections (tenant_id, id);
create table collection_assets (
    collection_id bigint not null references collections (id) on delete cascade,
    asset_id bigint not null references assets (id) on delete cascade,
    added_at bigint not null,
    primary key (collection_id, asset_id)
);
create index collection_assets_by_asset on collection_assets (asset_id, collection_id);
-- Who may see one that is not public, beside its owner.
create table collection_users (
    collection_id bigint not null references collections (id) on delete cascade,
    user_id bigint not null references users (id),
    primary key (collection_id, user_id)
);
create index collection_users_by_user on collection_users (user_id, collection_id);

-- Files that somebody named the address of. A job fetches each; this is what became of it.
create table fetches (
    id {id},
    tenant_id bigint not null references tenants (id),
    asset_id bigint not null references assets (id) on delete cascade,
    -- Empty once it is over: an address may be a secret.
    url text not null,
    file_name text not null,
    state text not null,
    attempts bigint not null default 0,
    last_error text,
    -- The version that came of it.
    version_id bigint,
    created_by bigint not null references users (id),
    created_at bigint not null,
    finished_at bigint
);
create index fetches_by_asset on fetches (asset_id, id);
create index jobs_fetching on jobs (state, run_at, id) where kind = 'fetch' and state = 'waiting';

-- When what is in the trash is purged, whatever holds for all the rest of it.
alter table assets add column purge_at bigint;
create index assets_by_purge on assets (purge_at) where purge_at is not null;
-- Entries without any bytes yet are seen by their own dialect only.
drop index assets_without_bytes;
create index assets_without_bytes on assets (tenant_id, id) where deleted_at is null and state in ('uploading', 'removed');
create index assets_waiting on assets (folder_id, id) where deleted_at is null and state = 'placeholder';

-- What happened to one thing.
create index audit_by_noun on audit (tenant_id, noun, noun_id, id);

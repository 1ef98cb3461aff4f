-- Names by their trigrams within a tenant, by two extensions that come with the server and need no superuser. What was
-- added lately waits in a list that every search reads: it is kept short.
create extension if not exists pg_trgm;
create extension if not exists btree_gin;
create index assets_by_name on assets using gin (tenant_id, name_key gin_trgm_ops)
    with (gin_pending_list_limit = 256);
create index folders_by_name on folders using gin (tenant_id, name_key gin_trgm_ops)
    with (gin_pending_list_limit = 256);

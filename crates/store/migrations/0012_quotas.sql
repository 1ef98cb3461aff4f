-- What each tenant keeps, trash and all: its files, and the bytes of all their versions; and how much it may keep, where somebody said so. In one
-- row, so that a statement that waited for the row of another compares with what that one left.
create table tenant_use (
    tenant_id bigint primary key references tenants (id),
    files bigint not null,
    bytes bigint not null,
    max_files bigint,
    max_bytes bigint
);
insert into tenant_use (tenant_id, files, bytes)
    select t.id, (select count(*) from assets a where a.tenant_id = t.id and a.state = 'ready'),
        (select cast(coalesce(sum(b.size), 0) as bigint) from assets a join versions v on v.asset_id = a.id
            join blobs b on b.id = v.blob_id where a.tenant_id = t.id)
    from tenants t;

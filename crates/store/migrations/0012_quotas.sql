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
    select t.id, coalesce(f.files, 0), coalesce(k.bytes, 0) from tenants t
    left join (select tenant_id, count(*) as files from assets where state = 'ready' group by tenant_id) f on f.tenant_id = t.id
    left join (select b.tenant_id, cast(sum(b.size) as bigint) as bytes from versions v join blobs b on b.id = v.blob_id
        group by b.tenant_id) k on k.tenant_id = t.id;

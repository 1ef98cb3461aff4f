-- Keys that tenants' files are sealed with, each wrapped by a master key that is not in here. None is ever removed: files name theirs.
create table tenant_keys (
    id {id},
    tenant_id bigint not null references tenants (id),
    wrapped {bytes} not null,
    created_at bigint not null
);
create index tenant_keys_by_tenant on tenant_keys (tenant_id, id);

-- 1: what comes in is sealed, and what is there is to be. And when that was last said, one way or the other.
alter table tenants add column sealed bigint not null default 0;
alter table tenants add column sealed_at bigint not null default 0;
create index tenants_sealed on tenants (sealed, id) where sealed_at > 0;
create index jobs_converting on jobs (tenant_id) where kind = 'convert' and state = 'waiting';

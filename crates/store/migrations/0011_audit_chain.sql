-- The audit as a chain. Each line gets its place, and the hash of itself and all before it, a moment after it was written, in the order of
-- ids; so nobody who changes something waits for another. What is removed or edited after that shows.
alter table audit add column place bigint;
alter table audit add column hash {bytes};
create unique index audit_by_place on audit (place) where place is not null;
create index audit_unchained on audit (id) where place is null;

-- One row: the last line of the chain, and the last of those that were removed because of their age.
create table audit_chain (
    id bigint primary key,
    place bigint not null,
    hash {bytes} not null,
    before_place bigint not null,
    before_hash {bytes} not null
);

-- What a scanner said of bytes, whoever's they are: equal bytes share it. And files that were let out in spite of it.

create table verdicts (
    sha256 {bytes} primary key,
    -- As the scan state of a file: `clean`, `infected`, or `unscanned` where nobody could look.
    verdict text not null,
    -- What was found.
    signature text,
    -- Which scanner said so, and by which signatures.
    engine text not null,
    scanned_at bigint not null
);

-- The version that an admin let out of quarantine: the verdict on it is no news.
alter table assets add column released_version bigint;
-- 1: it lies in the trash because of what was found in it, and nobody put it there.
alter table assets add column quarantined bigint not null default 0;
create index assets_quarantined on assets (tenant_id, id) where scan = 'infected';
create index blobs_by_sha256 on blobs (sha256) where dead_at is null;
-- Those of other lanes may be many where a scanner is away. SQLite prefers an index that is a part of `jobs_waiting`, column by column.
create index jobs_working on jobs (state, run_at, id) where state = 'waiting' and kind not in ('dispatch', 'fetch', 'scan');
create index jobs_scanning on jobs (state, run_at, id) where kind = 'scan' and state = 'waiting';

-- Which files a folder and all below it take, as JSON; null: whatever those above it take.
alter table folders add column upload_policy text;

-- 1: pictures and films go out to those without a key without what they tell of their makers. A link may say otherwise; null: as the tenant.
alter table tenants add column private bigint not null default 0;
alter table links add column private bigint;
-- Since when nothing is believed any more that it has signed. The oldest stays all the same: codes are made with it.
alter table signing_keys add column retired_at bigint;

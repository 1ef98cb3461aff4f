-- Tokens that were switched off and may be switched on again.
alter table tokens add column disabled_at bigint;

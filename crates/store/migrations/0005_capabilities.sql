-- What URLs and sessions are signed with, so that they need no row; how far the picture of a file is, so that lists can tell;
-- and what kind of file it is, so that the latest of a kind are found without looking at the others.

create table signing_keys (
    id {id},
    secret {bytes} not null,
    created_at bigint not null
);

-- `waiting`, `drawn` or `none`: there is none to be had.
alter table versions add column picture text not null default 'none';
update versions set picture = 'drawn' where blob_id in (select blob_id from image_details where length(thumbhash) > 0);

-- `image`, `video`, `sound` or `file`, by the current version.
alter table assets add column family text not null default 'file';
update assets set family = coalesce((
    select case
        when v.media_type like 'image/%' then 'image'
        when v.media_type like 'video/%' then 'video'
        when v.media_type like 'audio/%' then 'sound'
        else 'file' end
    from versions v where v.asset_id = assets.id and v.number = assets.version_number
), 'file');
create index assets_by_family on assets (tenant_id, family, id) where deleted_at is null;

-- Title, description and keywords of an asset, folded, a line each; null where nobody said anything.
alter table assets add column text_key {key};
create index assets_described on assets (tenant_id, id) where text_key is not null and deleted_at is null;

-- Renditions that are kept to a size: by last use, with a total that nobody has to count, and told apart by whether others
-- may be drawn from them. All that were made before go, because they are drawn otherwise now; their bytes are collected
-- like all that have no row. And what images tell about themselves.

drop table renditions;
create table renditions (
    -- Without a cascade: whoever deletes a blob deletes these first, and counts what that frees.
    blob_id bigint not null references blobs (id),
    plan_key text not null,
    blob_key text not null unique,
    media_type text not null,
    width bigint not null,
    height bigint not null,
    size bigint not null,
    -- All of the image, still and of good quality: a smaller one may be drawn from it.
    base bigint not null,
    created_at bigint not null,
    -- To the hour.
    used_at bigint not null,
    primary key (blob_id, plan_key)
);
create index renditions_by_use on renditions (used_at, blob_id, plan_key);
create index renditions_base on renditions (blob_id, width) where base = 1;
create index blobs_by_tenant on blobs (tenant_id, id);

-- How many renditions there are and how many bytes they have, by blob id modulo 16, so that writers seldom meet in a row.
create table rendition_tallies (
    slot bigint primary key,
    count bigint not null,
    bytes bigint not null
);

-- What an image tells about itself beyond its size; read once, after it came in.
create table image_details (
    blob_id bigint primary key references blobs (id) on delete cascade,
    thumbhash {bytes} not null,
    -- Red, green and blue, eight bits each.
    dominant bigint not null,
    camera text,
    taken_at text,
    latitude_e7 bigint,
    longitude_e7 bigint,
    read_at bigint not null
);

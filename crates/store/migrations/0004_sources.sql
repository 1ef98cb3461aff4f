-- What files of more kinds tell about themselves: pictures whose size does not stand at their beginning, pages, films and sounds.
-- Of a sound there is nothing to see: its look is empty.

alter table image_details add column width bigint;
alter table image_details add column height bigint;
alter table image_details add column pages bigint;
alter table image_details add column duration_ms bigint;

-- Names by their trigrams, newest first. A tenant is one trigram of its own, so that a search stays inside it: three
-- characters of twelve bits each. Kept by triggers, in the transaction of the change.
create virtual table asset_names using fts5 (
    tenant, name, content = '', contentless_delete = 1, tokenize = 'trigram case_sensitive 1'
);
insert into asset_names (rowid, tenant, name)
    select id, char(19968 + (tenant_id >> 24 & 4095), 19968 + (tenant_id >> 12 & 4095), 19968 + (tenant_id & 4095)), name_key
    from assets;
create trigger asset_names_added after insert on assets begin
    insert into asset_names (rowid, tenant, name) values (
        new.id,
        char(19968 + (new.tenant_id >> 24 & 4095), 19968 + (new.tenant_id >> 12 & 4095), 19968 + (new.tenant_id & 4095)),
        new.name_key
    );
end;
create trigger asset_names_changed after update of name_key on assets when old.name_key <> new.name_key begin
    delete from asset_names where rowid = old.id;
    insert into asset_names (rowid, tenant, name) values (
        new.id,
        char(19968 + (new.tenant_id >> 24 & 4095), 19968 + (new.tenant_id >> 12 & 4095), 19968 + (new.tenant_id & 4095)),
        new.name_key
    );
end;
create trigger asset_names_removed after delete on assets begin
    delete from asset_names where rowid = old.id;
end;

create virtual table folder_names using fts5 (
    tenant, name, content = '', contentless_delete = 1, tokenize = 'trigram case_sensitive 1'
);
insert into folder_names (rowid, tenant, name)
    select id, char(19968 + (tenant_id >> 24 & 4095), 19968 + (tenant_id >> 12 & 4095), 19968 + (tenant_id & 4095)), name_key
    from folders;
create trigger folder_names_added after insert on folders begin
    insert into folder_names (rowid, tenant, name) values (
        new.id,
        char(19968 + (new.tenant_id >> 24 & 4095), 19968 + (new.tenant_id >> 12 & 4095), 19968 + (new.tenant_id & 4095)),
        new.name_key
    );
end;
create trigger folder_names_changed after update of name_key on folders when old.name_key <> new.name_key begin
    delete from folder_names where rowid = old.id;
    insert into folder_names (rowid, tenant, name) values (
        new.id,
        char(19968 + (new.tenant_id >> 24 & 4095), 19968 + (new.tenant_id >> 12 & 4095), 19968 + (new.tenant_id & 4095)),
        new.name_key
    );
end;
create trigger folder_names_removed after delete on folders begin
    delete from folder_names where rowid = old.id;
end;

-- Equal files of a workspace are one blob, also where each document is its owner's alone (TEN-06): whether a blob is used
-- is asked over all of them, and a link opens what its maker still sees.
set local role probity_owner;

-- What a link's file was opened through. The row answers for the file each time the link is used: the blob may be
-- somebody else's document too.
alter table kernel.link
  add column record text,
  add column row_id uuid,
  add constraint link_through check ((record is null) = (row_id is null));
create index link_through on kernel.link (tenant_id, row_id) where revoked_at is null;

create function kernel.link_keeps() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if (new.record, new.row_id) is distinct from (old.record, old.row_id) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return null;
end $$;
revoke all on function kernel.link_keeps() from public;
create trigger keeps after update on kernel.link for each row execute function kernel.link_keeps();

-- Whether any row of the bound workspace points at a blob, whoever sees that row. The foreign keys say where to look; a
-- deleted row counts, since its history can be opened. The tenant policy binds the owner of this function too.
create function kernel.blob_in_use(p_blob uuid) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant uuid := kernel.tenant();
  place record;
  used boolean;
begin
  for place in
    select c.conrelid::regclass as relation, a.attname as name
    from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[array_upper(c.conkey, 1)]
    where c.contype = 'f' and c.confrelid = 'kernel.blob'::regclass
  loop
    execute format('select exists (select from %s where tenant_id = $1 and %I = $2)', place.relation, place.name)
      into used using bound, p_blob;
    if used then
      return true;
    end if;
  end loop;
  return false;
end $$;
revoke all on function kernel.blob_in_use(uuid) from public;
grant execute on function kernel.blob_in_use(uuid) to probity_app;

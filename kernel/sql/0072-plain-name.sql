-- A name that is shown beside acts and signatures holds nothing that can't be seen or reorders what stands around it, whoever
-- wrote it: marks of direction, zero-width signs, line ends. Names that are there are not looked at again.
set local role probity_owner;

alter table kernel.membership add constraint name_is_plain
  check (name !~ '[\u0001-\u001F\u007F-\u009F\u00AD\u061C\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\u3164\uFEFF]') not valid;
alter table kernel.signer add constraint name_is_plain
  check (printed_name !~ '[\u0001-\u001F\u007F-\u009F\u00AD\u061C\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\u3164\uFEFF]') not valid;

-- What is answered about a workspace past its tables is empty to guests too, as the tables are: asked of kernel.tenant(), which is
-- null in a confined transaction.
set local role probity_door;

create or replace function kernel.keys_used() returns table (key_id uuid, used_at timestamptz, source text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select u.key_id, u.used_at, host(u.source) from kernel.api_key_use u where u.tenant_id = kernel.tenant()
$$;
create or replace function kernel.permissions_of(p_membership uuid) returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.member_permissions(kernel.tenant(), p_membership)
$$;
create or replace function kernel.reconcile_counts() returns table (events bigint, changes bigint, size bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select (select count(*) from kernel.ledger_event e where e.tenant_id = b.tenant),
    (select count(*) from kernel.version_history h where h.tenant_id = b.tenant),
    coalesce((select h.size from kernel.ledger_head h where h.tenant_id = b.tenant), 0)
  from (select kernel.tenant() as tenant) b where b.tenant is not null
$$;
-- As they were but for that.
do $$
declare
  asked regprocedure;
begin
  foreach asked in array array['kernel.reconcile_log()', 'kernel.log_size()']::regprocedure[] loop
    execute replace(replace(pg_get_functiondef(asked), '((kernel.checked_binding())[1])::uuid', 'kernel.tenant()'), '(kernel.checked_binding())[1]::uuid', 'kernel.tenant()');
  end loop;
end $$;

-- A link does no more than the transaction that makes it was entered for: files, and acts upon the same record.
create function kernel.link_of_entered() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- The server itself, as with jobs, acts for whom it makes it.
  if new.permission <> 'kernel.file.open' and (kernel.checked_binding())[2] <> '00000000-0000-0000-0000-000000000001'
    and regexp_replace(new.permission, '\.[^.]*$', '') <> regexp_replace((kernel.checked_binding())[3], '\.[^.]*$', '') then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return null;
end $$;
revoke all on function kernel.link_of_entered() from public;
grant execute on function kernel.link_of_entered() to probity_owner;

set local role probity_owner;
create trigger of_entered after insert on kernel.link for each row execute function kernel.link_of_entered();

-- A mail that is on its way is its reader's alone: what may be opened is what nobody will send.
set local role probity_door;

create or replace function kernel.outbox()
returns table (id uuid, template text, state text, attempts integer, problem text, created_at timestamptz, settled_at timestamptz, sealed bytea, opens boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
  bound_tenant constant uuid := bound[1]::uuid;
  acting text;
  first_one boolean;
begin
  if bound[3] <> all (array['kernel.outbox.read', 'kernel.outbox.open']) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  select m.role into acting from kernel.membership m
  where m.tenant_id = bound_tenant and m.id = bound[2]::uuid and m.status = 'active' and m.deleted_at is null;
  select bound_tenant = (select w.id from kernel.workspace w
    where w.id <> '00000000-0000-0000-0000-000000000000' order by w.created_at, w.id limit 1) into first_one;
  return query
  select o.id, o.template, o.state, o.attempts, o.problem, o.created_at, o.settled_at, o.sealed,
    o.state = 'kept' and o.sealed is not null and (o.tenant_id = bound_tenant or acting = 'owner')
  from identity.mail o
  where o.created_at > now() - interval '30 days' and (
    o.tenant_id = bound_tenant
    or (o.tenant_id is null and acting = 'owner' and case
      when exists (select 1 from kernel.membership m where m.user_id = o.user_id and m.deleted_at is null and m.status = 'active') then
        not exists (select 1 from kernel.membership m where m.user_id = o.user_id and m.deleted_at is null and m.status = 'active'
          and (m.tenant_id <> bound_tenant or m.role = 'owner'))
      else first_one end))
  order by o.created_at desc
  limit 200;
end $$;

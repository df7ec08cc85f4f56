-- Whose a call is, before the door is asked: for its rate budget alone. It says which workspace's numbers count and for
-- whom; it lets nobody in, and what it does not know counts against the address.
set local role probity_owner;
create policy door on kernel.policy_value for select to probity_door using (true);
grant select on kernel.policy_value to probity_door;

set local role probity_door;
update kernel.governed_table set options = options || '{"door": true}' where record = 'kernel.policy_value';

create function kernel.caller_limits(p_hash bytea, p_workspace uuid, p_names text[])
returns table (tenant_id uuid, person_id uuid, preset text, own jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select w.id, c.person_id, w.preset, coalesce((
    select jsonb_object_agg(v.name, v.value) from kernel.policy_value v
    where v.tenant_id = w.id and v.name = any (p_names) and v.deleted_at is null), '{}'::jsonb)
  from (
    select * from (
      select m.tenant_id, m.id as person_id from identity.session s
      join kernel.membership m on m.user_id = s.user_id and m.status = 'active' and m.deleted_at is null
      where s.token = encode(p_hash, 'hex') and s.expires_at > now() and (p_workspace is null or m.tenant_id = p_workspace)
      order by m.created_at limit 1) session
    union all
    select k.tenant_id, k.id from kernel.api_key k
    where k.secret_hash = p_hash and k.revoked_at is null and k.expires_at > now()
    union all
    select g.tenant_id, g.key_id from kernel.token_grant g
    where g.access_hash = p_hash and g.ended_at is null and g.access_expires_at > now()
  ) c
  join kernel.workspace w on w.id = c.tenant_id
$$;
grant execute on function kernel.caller_limits(bytea, uuid, text[]) to probity_app;

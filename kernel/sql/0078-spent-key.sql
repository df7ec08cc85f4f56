-- Idempotency keys go when their promised life is over (RET-01). Of each a mark of eight bytes stays, so that a request that is
-- sent again later is refused and nothing is done twice unnoticed.
set local role probity_door;

create table kernel.spent_key (
  tenant_id uuid not null,
  actor_id uuid not null,
  -- A part of the mark, so that no row grows long.
  bucket smallint not null check (bucket between 0 and 255),
  marks bigint[] not null,
  primary key (tenant_id, actor_id, bucket)
);
comment on table kernel.spent_key is 'marks of idempotency keys whose life is over: such a key does nothing any more';
alter table kernel.spent_key enable row level security;

create function kernel.mark_of_key(p_tenant uuid, p_actor uuid, p_key text) returns bigint
language sql immutable security invoker set search_path = pg_catalog, pg_temp as $$
  select ('x' || left(encode(sha256(convert_to(p_tenant || ' ' || p_actor || ' ' || p_key, 'UTF8')), 'hex'), 16))::bit(64)::bigint
$$;
revoke all on function kernel.mark_of_key(uuid, uuid, text) from public;

-- As before, and refuses a key whose life is over. It is looked for after the key is claimed: a claim waits for the retirement of
-- the same key, and then sees its mark.
create or replace function kernel.claim_key(p_key text, p_fingerprint text, p_row_id uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
  mark constant bigint := kernel.mark_of_key(bound[1]::uuid, bound[2]::uuid, p_key);
begin
  insert into kernel.idempotency_key (tenant_id, actor_id, key, fingerprint, row_id)
  values (bound[1]::uuid, bound[2]::uuid, p_key, p_fingerprint, p_row_id)
  on conflict do nothing;
  if not found then
    raise exception 'key claimed' using errcode = 'PB410';
  end if;
  if exists (select from kernel.spent_key s
    where s.tenant_id = bound[1]::uuid and s.actor_id = bound[2]::uuid and s.bucket = mark & 255 and mark = any (s.marks)) then
    raise exception 'key_forgotten' using errcode = 'PB409';
  end if;
end $$;

create function kernel.retire_keys(p_before timestamptz) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  tenant constant uuid := kernel.check_retirer();
  gone bigint;
begin
  with over as (
    delete from kernel.idempotency_key k where k.tenant_id = tenant and k.created_at < p_before returning k.actor_id, k.key
  ), marked as (
    select o.actor_id, kernel.mark_of_key(tenant, o.actor_id, o.key) as mark from over o
  ), kept as (
    insert into kernel.spent_key as s (tenant_id, actor_id, bucket, marks)
    select tenant, m.actor_id, m.mark & 255, array_agg(m.mark) from marked m group by m.actor_id, m.mark & 255
    on conflict (tenant_id, actor_id, bucket) do update set marks = s.marks || excluded.marks
  )
  select count(*) into gone from over;
  return gone;
end $$;
revoke all on function kernel.retire_keys(timestamptz) from public;
grant execute on function kernel.retire_keys(timestamptz) to probity_app;

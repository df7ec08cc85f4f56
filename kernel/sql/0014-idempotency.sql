-- Idempotency keys: a repeated request does its work once. The key is claimed in the transaction of the work itself, so
-- a crash leaves both or neither.
set local role probity_door;

create table kernel.idempotency_key (
  tenant_id uuid not null,
  actor_id uuid not null,
  key text not null,
  fingerprint text not null,
  row_id uuid not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, actor_id, key)
);
alter table kernel.idempotency_key enable row level security;
create policy tenant on kernel.idempotency_key for select to probity_app using (tenant_id = (select kernel.tenant()) and actor_id = (select kernel.actor()));
grant select on kernel.idempotency_key to probity_app;
insert into kernel.exempt_table values ('kernel.idempotency_key', 'claimed through a definer function in the transaction of the work; the application may only read its own tenant and actor');

create function kernel.claim_key(p_key text, p_fingerprint text, p_row_id uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  insert into kernel.idempotency_key (tenant_id, actor_id, key, fingerprint, row_id)
  values (bound[1]::uuid, bound[2]::uuid, p_key, p_fingerprint, p_row_id)
  on conflict do nothing;
  if not found then
    raise exception 'key claimed' using errcode = 'PB410';
  end if;
end $$;
grant execute on function kernel.claim_key(text, text, uuid) to probity_app;

-- The binding: which tenant and actor the running transaction speaks for. It is a proof, not a setting: a keyed hash
-- over tenant, actor, permission, backend pid and transaction start which only the door can make. A bare set_config
-- opens nothing, and a proof seen in one transaction is worth nothing in the next.
set local role probity_door;

create table kernel.door_secret (
  only_row boolean primary key default true check (only_row),
  inner_pad bytea not null check (length(inner_pad) = 64),
  outer_pad bytea not null check (length(outer_pad) = 64)
);
comment on table kernel.door_secret is 'HMAC-SHA-256 key of the binding proof, kept as its two RFC 2104 pads';

-- The key is drawn here and never leaves the database. Two random UUIDs give 244 bits.
do $$
declare
  key constant bytea := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
  inner_pad bytea := decode(repeat('36', 64), 'hex');
  outer_pad bytea := decode(repeat('5c', 64), 'hex');
begin
  for i in 0 .. length(key) - 1 loop
    inner_pad := set_byte(inner_pad, i, get_byte(inner_pad, i) # get_byte(key, i));
    outer_pad := set_byte(outer_pad, i, get_byte(outer_pad, i) # get_byte(key, i));
  end loop;
  insert into kernel.door_secret (inner_pad, outer_pad) values (inner_pad, outer_pad);
end $$;

-- RFC 2104 over built-in sha256: the door needs no extension.
create function kernel.binding_proof(p_tenant text, p_actor text, p_permission text) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select encode(sha256(s.outer_pad || sha256(s.inner_pad || convert_to(
    p_tenant || '|' || p_actor || '|' || p_permission || '|' || pg_backend_pid() || '|' || extract(epoch from transaction_timestamp()), 'UTF8'))), 'hex')
  from kernel.door_secret s
$$;

create function kernel.checked_binding() returns text[]
language plpgsql stable parallel restricted security definer set search_path = pg_catalog, pg_temp as $$
declare
  part constant text[] := string_to_array(coalesce(current_setting('kernel.binding', true), ''), '|');
begin
  if part[4] is null then
    raise exception 'no tenant bound' using errcode = 'PB001';
  end if;
  if part[4] is distinct from kernel.binding_proof(part[1], part[2], part[3]) then
    raise exception 'binding without proof' using errcode = 'PB002';
  end if;
  return part;
end $$;

-- STABLE and called as (select kernel.tenant()) in every policy: checked once a statement, not once a row.
create function kernel.tenant() returns uuid
language sql stable parallel restricted security definer set search_path = pg_catalog, pg_temp as $$
  select (kernel.checked_binding())[1]::uuid
$$;
create function kernel.actor() returns uuid
language sql stable parallel restricted security definer set search_path = pg_catalog, pg_temp as $$
  select (kernel.checked_binding())[2]::uuid
$$;

grant execute on function kernel.tenant(), kernel.actor() to probity_app, probity_owner;

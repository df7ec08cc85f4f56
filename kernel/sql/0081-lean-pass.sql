-- The way in by a pass, in fewer steps. What an entry pays for is mostly that PostgreSQL makes each table and each expression
-- of its query ready anew, and reads none of it from the nearest cache: so the pass bears what was compared and joined until now.
set local role probity_door;

-- Passes are made anew by whoever comes next.
delete from kernel.pass;
alter table kernel.pass
  add column open_until timestamptz not null,
  add column touch_at timestamptz not null,
  add column anywhere boolean not null,
  add column inner_pad bytea not null,
  add column outer_pad bytea not null;
comment on column kernel.pass.open_until is 'the earlier of good_until and the end of the idle time';
comment on column kernel.pass.touch_at is 'from when on an entry is noted as the last one seen: once a minute at most, a read writes nothing of its own';
comment on column kernel.pass.anywhere is 'no list of networks confines the workspace or the key';
comment on column kernel.pass.inner_pad is 'the key of the binding''s proof, as in kernel.door_secret';

-- Whatever makes or touches a pass, these follow from the others.
create function kernel.pass_filled() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  new.open_until := least(new.good_until, new.seen_at + new.idle);
  new.touch_at := case when new.session_id is null then 'infinity' else new.seen_at + interval '1 minute' end;
  new.anywhere := new.networks is null and new.key_networks is null;
  select s.inner_pad, s.outer_pad into new.inner_pad, new.outer_pad from kernel.door_secret s;
  return new;
end $$;
revoke all on function kernel.pass_filled() from public;
create trigger filled before insert or update on kernel.pass for each row execute function kernel.pass_filled();

-- As before for a pass that is confined to networks; else the judge. Not for a session that was only not seen for a minute.
create function kernel.enter_from(p_kind text, p_secret text, p_workspace uuid, p_permission text, p_source inet) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  entered text;
  stale boolean;
begin
  select p.who, p.touch_at <= now(), set_config('kernel.binding',
    encode(sha256(p.inner_pad || convert_to(p.bound || p_permission || p.tail, 'UTF8')
      || int4send(pg_backend_pid()) || timestamptz_send(transaction_timestamp()) || p.outer_pad), 'hex')
    || p.bound || p_permission || p.tail, true)
  into entered, stale
  from kernel.pass p
  where p.hash = sha256(convert_to(p_secret, 'UTF8')) and p.asked_id = coalesce(p_workspace, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    and p.kind = p_kind and p_permission = any (p.permissions) and p.open_until > now()
    and (p.networks is null or p_source <<= any (p.networks))
    and (p.key_networks is null or p_source <<= any (p.key_networks))
    and coalesce(current_setting('kernel.binding', true), '') = '';
  if entered is null then
    return kernel.enter_slowly(p_kind, p_secret, p_workspace, p_permission, p_source);
  end if;
  if stale then
    return kernel.touch_pass(p_secret, p_workspace);
  end if;
  return entered;
end $$;
revoke all on function kernel.enter_from(text, text, uuid, text, inet) from public;

-- Notes that a session was seen, and says who it is. Where another request is just doing the same, this one doesn't wait for it.
create function kernel.touch_pass(p_secret text, p_workspace uuid) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  held record;
begin
  select p.who, p.session_id into strict held from kernel.pass p
  where p.hash = sha256(convert_to(p_secret, 'UTF8')) and p.asked_id = coalesce(p_workspace, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  if held.session_id is not null then
    update kernel.pass p set seen_at = now()
    where (p.hash, p.asked_id) in (select o.hash, o.asked_id from kernel.pass o where o.session_id = held.session_id for update skip locked);
    update identity.session s set last_seen_at = now()
    where s.id in (select o.id from identity.session o where o.id = held.session_id for update skip locked);
  end if;
  return held.who;
end $$;
revoke all on function kernel.touch_pass(text, uuid) from public;

create or replace function kernel.enter(p_kind text, p_secret text, p_workspace uuid, p_permission text, p_source inet) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  entered text;
begin
  select case when set_config('kernel.binding',
      encode(sha256(p.inner_pad || convert_to(p.bound || p_permission || p.tail, 'UTF8')
        || int4send(pg_backend_pid()) || timestamptz_send(transaction_timestamp()) || p.outer_pad), 'hex')
      || p.bound || p_permission || p.tail, true) is not null and p.touch_at > now() then p.who end
  into entered
  from kernel.pass p
  where p.hash = sha256(convert_to(p_secret, 'UTF8')) and p.asked_id = coalesce(p_workspace, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    and p.kind = p_kind and p_permission = any (p.permissions) and p.open_until > now() and p.anywhere
    and coalesce(current_setting('kernel.binding', true), '') = '';
  if entered is not null then
    return entered;
  end if;
  if found then
    return kernel.touch_pass(p_secret, p_workspace);
  end if;
  return kernel.enter_from(p_kind, p_secret, p_workspace, p_permission, p_source);
end $$;

-- Files of tens of thousands: a row's binding is proved once.

-- Whether a row was brought in from elsewhere is stamped by what the binding says: the kernel's stamp, whose name comes first, has
-- just proved it for this row.
create or replace function lab.stamp_sample() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    new.brought_in := kernel.claimed_permission() = 'lab.history.load';
    return new;
  end if;
  if new.state = old.state then
    return new;
  end if;
  if new.state = 'received' and old.state = 'registered' then
    new.received_at := new.updated_at;
    -- The server itself is nobody's membership.
    new.received_by := nullif(new.updated_by, '00000000-0000-0000-0000-000000000001');
  elsif new.state = 'verified' then
    new.verified_at := new.updated_at;
  elsif new.state = 'published' then
    new.published_at := new.updated_at;
    new.locked_at := new.updated_at;
  end if;
  return new;
end $$;

create or replace function lab.stamp_result() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    new.brought_in := kernel.claimed_permission() = 'lab.history.load';
    return new;
  end if;
  if (new.text, new.interim) is distinct from (old.text, old.interim) then
    new.entered_at := new.updated_at;
    new.entered_by := nullif(new.updated_by, '00000000-0000-0000-0000-000000000001');
  end if;
  if new.state is distinct from old.state and new.state = 'verified' then
    new.verified_at := new.updated_at;
    new.verified_by := nullif(new.updated_by, '00000000-0000-0000-0000-000000000001');
  end if;
  return new;
end $$;

-- Old and new rows of a statement are joined by hash whatever was planned before: row by row a file's 500 were looked through
-- 250,000 times.
alter function lab.verification_rule() set enable_nestloop = off;

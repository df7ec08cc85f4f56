-- A finished access review is signed (ACC-03): its lock comes with a signature and with nothing else, and stays. A person who
-- was reviewed can be forgotten (LED-06): their name goes from the entry, the decision stays as it was made.
set local role probity_door;

create or replace function kernel.review_stays() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
  made constant text[] := '{version,updated_at,updated_by}';
begin
  if tg_table_name = 'access_review' then
    if old.closed_at is not null and not (bound[3] = 'kernel.review.sign' and new.locked_at is not null
        and to_jsonb(new) - made - 'locked_at' = to_jsonb(old) - made - 'locked_at')
      or old.closed_at is null and new.locked_at is not null then
      raise exception 'permission_missing' using errcode = 'PB403';
    end if;
    return new;
  end if;
  if bound[3] = 'kernel.person.erase' and to_jsonb(new) - made - 'name' = to_jsonb(old) - made - 'name' then
    return new;
  end if;
  if old.decision is not null or new.decided_by is not null and new.decided_by <> bound[2]::uuid
    or (new.subject_id, new.member_id, new.kind, new.review_id, new.name, new.role, new.permissions, new.reviewer_id, new.deleted_at)
      is distinct from (old.subject_id, old.member_id, old.kind, old.review_id, old.name, old.role, old.permissions, old.reviewer_id, old.deleted_at) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return new;
end $$;

-- At the end of the transaction, because the lock comes before its signature.
create function kernel.review_signed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from kernel.signature g where g.tenant_id = new.tenant_id and g.record = 'kernel.access_review'
    and g.row_id = new.id and g.signed_version = new.version and g.membership_id = new.updated_by) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return null;
end $$;
revoke all on function kernel.review_signed() from public;
grant execute on function kernel.review_signed() to probity_owner;

set local role probity_owner;
-- Who had nobody to judge them stays so once the review is closed. No definer: the reader's own rows answer.
create function kernel.review_is_open() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from kernel.access_review r where r.id = new.review_id and r.closed_at is not null) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return new;
end $$;
grant execute on function kernel.review_is_open() to probity_app;
create trigger still_open before update on kernel.access_review_item for each row
when (new.decision is distinct from old.decision) execute function kernel.review_is_open();

create constraint trigger review_signed after update on kernel.access_review deferrable initially deferred
for each row when (old.locked_at is null and new.locked_at is not null) execute function kernel.review_signed();

drop trigger entered_for on kernel.access_review;
create trigger entered_for before insert or update on kernel.access_review for each statement
  execute function kernel.entered_for('kernel.review.open', 'kernel.people.change', 'kernel.review.sign');

-- Shares are given in a transaction that was entered for it. Operators are let in by an owner, for a time (IDN-11). Access
-- is reviewed by name (ACC-03).
set local role probity_owner;

-- As in 0056, and what is written beneath another record must lie beneath one that its writer sees: a row of one's own
-- can't be planted in a colleague's.
create or replace function kernel.govern_audience(p_table regclass, p_audience jsonb) returns void
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  name constant text := kernel.register_audience(p_table, p_audience);
  gate constant text := '(select kernel.audience_open())';
  owned constant text := case when p_audience ->> 'owner' = 'true'
    then format(' or created_by in (select kernel.mine()) or id in (select kernel.shared_to_me(%L))', name) else '' end;
  beneath constant text := case when p_audience ? 'column'
    then format(' or %I in (select s.id from %s s)', p_audience ->> 'column', (p_audience ->> 'from')::regclass) else '' end;
begin
  execute format('create policy audience on %s as restrictive for all to probity_app using (%s) with check (%s)',
    p_table, gate || owned || beneath, gate || case when beneath = '' then owned else beneath end);
end $$;

create trigger entered_for before insert or update on kernel.share for each statement
  execute function kernel.entered_for('kernel.share.change');

create table kernel.operator_grant (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  email text not null,
  reason text not null check (length(reason) between 1 and 500),
  secret_hash bytea not null unique,
  expires_at timestamptz not null,
  membership_id uuid,
  ended_at timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, membership_id) references kernel.membership (tenant_id, id)
);
comment on table kernel.operator_grant is 'each time an owner let somebody who runs the instance in: why, until when, and when it was taken up and ended';
select kernel.govern('kernel.operator_grant', '{"door": true}');
create trigger entered_for before insert or update on kernel.operator_grant for each statement
  execute function kernel.entered_for('kernel.operator.grant', 'kernel.people.change', 'kernel.membership.accept');

create table kernel.access_review (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  number integer not null check (number > 0),
  due_at timestamptz not null,
  closed_at timestamptz,
  outcome jsonb,
  primary key (tenant_id, id),
  unique (tenant_id, number),
  check ((closed_at is null) = (outcome is null))
);
comment on column kernel.access_review.outcome is 'what was found and decided: counts, and the SHA-256 of the canonical list of decisions, to be signed';
select kernel.govern('kernel.access_review');
create unique index access_review_one_open on kernel.access_review (tenant_id) where closed_at is null;

create table kernel.access_review_item (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  review_id uuid not null,
  kind text not null check (kind in ('member', 'key')),
  subject_id uuid not null,
  member_id uuid not null,
  name text not null,
  role text not null,
  permissions text[] not null,
  reviewer_id uuid,
  decision text check (decision in ('confirmed', 'removed')),
  decided_by uuid,
  decided_at timestamptz,
  note text check (length(note) <= 500),
  primary key (tenant_id, id),
  unique (tenant_id, review_id, subject_id),
  foreign key (tenant_id, review_id) references kernel.access_review (tenant_id, id),
  foreign key (tenant_id, member_id) references kernel.membership (tenant_id, id),
  foreign key (tenant_id, reviewer_id) references kernel.membership (tenant_id, id),
  foreign key (tenant_id, decided_by) references kernel.membership (tenant_id, id),
  check ((decision is null) = (decided_at is null) and (decision is null) = (decided_by is null)),
  check (reviewer_id is distinct from member_id and decided_by is distinct from member_id)
);
comment on column kernel.access_review_item.member_id is 'the person it is about: the member, or the key''s; nobody reviews themselves';
select kernel.govern('kernel.access_review_item');

create trigger entered_for before insert or update on kernel.access_review for each statement
  execute function kernel.entered_for('kernel.review.open', 'kernel.people.change');
create trigger entered_for before insert or update on kernel.access_review_item for each statement
  execute function kernel.entered_for('kernel.review.open', 'kernel.people.change');

set local role probity_door;

-- Who decides is who says so: a decision is made in the name of the caller and stays as it was made; a closed review
-- stays as it was closed.
create function kernel.review_stays() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if tg_table_name = 'access_review' then
    if old.closed_at is not null then
      raise exception 'permission_missing' using errcode = 'PB403';
    end if;
    return new;
  end if;
  if old.decision is not null or new.decided_by is not null and new.decided_by <> bound[2]::uuid
    or (new.subject_id, new.member_id, new.kind, new.review_id) is distinct from (old.subject_id, old.member_id, old.kind, old.review_id) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return new;
end $$;
grant execute on function kernel.review_stays() to probity_owner;

-- The workspaces that stand, for the server's own rounds: ids alone. Needs the system credential.
create function kernel.standing_workspaces(p_secret text) returns setof uuid
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from kernel.system_credential c
  where c.secret_hash = sha256(convert_to(p_secret, 'UTF8')) and 'kernel.review.open' = any (c.permissions);
  if not found then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return query select w.id from kernel.workspace w
    where w.id <> '00000000-0000-0000-0000-000000000000' and w.frozen_at is null and w.closed_at is null
      and not exists (select from kernel.probe_workspace p where p.tenant_id = w.id);
end $$;
grant execute on function kernel.standing_workspaces(text) to probity_app;

-- An operator's invitation is looked up by its secret before its reader belongs anywhere.
create function kernel.operator_grant_by_secret(p_secret text)
returns table (tenant_id uuid, id uuid, email text, reason text, workspace_name text, workspace_slug text, expires_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select g.tenant_id, g.id, g.email, g.reason, w.name, w.slug, g.expires_at
  from kernel.operator_grant g join kernel.workspace w on w.id = g.tenant_id
  where g.secret_hash = sha256(convert_to(p_secret, 'UTF8')) and g.membership_id is null and g.ended_at is null
    and g.deleted_at is null and g.expires_at > now()
$$;
grant execute on function kernel.operator_grant_by_secret(text) to probity_app;

set local role probity_owner;
create trigger stays before update on kernel.access_review for each row execute function kernel.review_stays();
create trigger stays before update on kernel.access_review_item for each row execute function kernel.review_stays();

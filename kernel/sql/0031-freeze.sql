-- The freeze: one act stops everything of a workspace, two people start it again (IDN-12).
set local role probity_owner;

create table kernel.freeze (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  reason text not null check (length(reason) between 1 and 500),
  thaw_asked_by uuid,
  thaw_asked_at timestamptz,
  thawed_by uuid,
  thawed_at timestamptz,
  primary key (tenant_id, id),
  check ((thaw_asked_by is null) = (thaw_asked_at is null) and (thawed_by is null) = (thawed_at is null)),
  check (thawed_by is null or thawed_by <> thaw_asked_by)
);
comment on table kernel.freeze is 'each freeze of a workspace: created_by froze it, two different people thawed it';
select kernel.govern('kernel.freeze', '{"door": true}');
create unique index freeze_one_open on kernel.freeze (tenant_id) where thawed_at is null;
create trigger entered_for before insert or update on kernel.freeze for each statement
  execute function kernel.entered_for('kernel.workspace.freeze', 'kernel.workspace.thaw');

set local role probity_door;

-- What a freeze does, in the transaction that records it: the door closes; every session of a member ends but the acting
-- one, so that who was in by theft is not in after the thaw; jobs are ended, they do not go on by themselves.
create function kernel.freeze_workspace(p_session uuid) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
  ended integer;
begin
  if bound[3] <> 'kernel.workspace.freeze' or not exists (
    select 1 from kernel.freeze f where f.tenant_id = bound[1]::uuid and f.thawed_at is null and f.created_by = bound[2]::uuid) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  update kernel.workspace w set frozen_at = clock_timestamp() where w.id = bound[1]::uuid;
  delete from identity.session s using kernel.membership m
  where m.tenant_id = bound[1]::uuid and m.status = 'active' and m.deleted_at is null and s.user_id = m.user_id and s.id <> p_session;
  get diagnostics ended = row_count;
  update kernel.job_grant g set ended_at = now() where g.tenant_id = bound[1]::uuid and g.ended_at is null;
  update kernel.job j set state = 'failed', updated_at = clock_timestamp(), problem = jsonb_build_object(
    'code', 'kernel.workspace_frozen', 'title', 'Workspace frozen', 'detail',
    'The workspace was frozen while this ran. What was stored before is safe. Start it again after the thaw.')
  where j.tenant_id = bound[1]::uuid and j.state in ('waiting', 'running');
  return ended;
end $$;
grant execute on function kernel.freeze_workspace(uuid) to probity_app;

-- Opens the door again when the open freeze holds the word of two people who may give it now.
create function kernel.thaw_workspace() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if bound[3] <> 'kernel.workspace.thaw' or not exists (
    select 1 from kernel.freeze f
    join kernel.membership a on a.tenant_id = f.tenant_id and a.id = f.thaw_asked_by
    join kernel.membership b on b.tenant_id = f.tenant_id and b.id = f.thawed_by
    where f.tenant_id = bound[1]::uuid and f.thawed_by = bound[2]::uuid and f.thawed_at > now() - interval '1 minute'
      and a.id <> b.id and a.user_id <> b.user_id
      and a.status = 'active' and a.deleted_at is null and a.role in ('owner', 'admin')
      and b.status = 'active' and b.deleted_at is null and b.role in ('owner', 'admin')) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  update kernel.workspace w set frozen_at = null where w.id = bound[1]::uuid;
end $$;
grant execute on function kernel.thaw_workspace() to probity_app;

-- Who is told by mail that a value is out of specification, or that an investigation waits for somebody: what is to be told is
-- written in the transaction of the act, once, and sent by a job. The mail itself is the outbox's.
create table lab.notice (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  batch_id uuid not null,
  kind text not null check (kind in ('out', 'waits')),
  result_id uuid,
  investigation_id uuid,
  investigation_version integer check (investigation_version > 0),
  waits_for text check (waits_for in ('assess', 'approve-plan', 'plan-again', 'retest', 'conclude')),
  sent_at timestamptz,
  recipients integer check (recipients >= 0),
  primary key (tenant_id, id),
  foreign key (tenant_id, result_id) references lab.result (tenant_id, id),
  foreign key (tenant_id, investigation_id) references lab.investigation (tenant_id, id)
);
comment on column lab.notice.batch_id is 'what one act found is told in one mail';
comment on column lab.notice.recipients is 'to how many it went; who they were is in the leaf of its sending';
select kernel.govern('lab.notice');
-- A result is told of once, whatever becomes of it; an investigation once a step.
create unique index notice_of_result on lab.notice (tenant_id, result_id) where kind = 'out';
create unique index notice_of_step on lab.notice (tenant_id, investigation_id, investigation_version) where kind = 'waits';
create index notice_of_batch on lab.notice (tenant_id, batch_id) where sent_at is null;
create trigger never_deleted before insert or update of deleted_at on lab.notice for each row
  when (new.deleted_at is not null) execute function lab.never_deleted();
create trigger entered_for before insert or update on lab.notice for each statement
  execute function kernel.entered_for('lab.result.enter', 'lab.investigation.change', 'lab.investigation.approve', 'lab.notice.send', 'lab.history.load');

create function lab.notice_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  may constant text := kernel.bound_permission();
  free constant text[] := array['version', 'updated_at', 'updated_by', 'retain_until'];
begin
  if tg_op = 'INSERT' then
    if new.sent_at is not null or new.recipients is not null or may = 'lab.notice.send' then
      raise exception 'a notice begins unsent' using errcode = 'PB422';
    end if;
    if (new.kind = 'out') <> (new.result_id is not null and new.investigation_id is null and new.waits_for is null)
      or (new.kind = 'waits') <> (new.investigation_id is not null and new.waits_for is not null and new.investigation_version is not null and new.result_id is null) then
      raise exception 'a notice is of a result or of a step of an investigation' using errcode = 'PB422';
    end if;
    if new.kind = 'out' and not exists (select from lab.result r
      where r.tenant_id = new.tenant_id and r.id = new.result_id and r.verdict = 'out' and r.kind = 'sample') then
      raise exception 'only what is out of specification is told of' using errcode = 'PB422';
    end if;
    return null;
  end if;
  if to_jsonb(new) - free = to_jsonb(old) - free then
    return null;
  end if;
  if may <> 'lab.notice.send' or old.sent_at is not null or new.sent_at is null
    or to_jsonb(new) - free - array['sent_at', 'recipients'] <> to_jsonb(old) - free - array['sent_at', 'recipients'] then
    raise exception 'a notice is sent once, by the server' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger notice_rule after insert or update on lab.notice for each row execute function lab.notice_rule();

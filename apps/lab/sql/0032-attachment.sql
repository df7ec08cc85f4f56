-- What an instrument wrote and what somebody photographed is kept beside what it is of: a sample, a result, an investigation or
-- something that happened to an instrument. Added while its record is open, never exchanged and never taken away: what does not
-- belong there is struck out, with the reason, and stays to be read (21 CFR 211.194(a); 21 CFR 11.10(e)).
create table lab.attachment (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  sample_id uuid,
  result_id uuid,
  investigation_id uuid,
  instrument_event_id uuid,
  name text not null check (length(name) between 1 and 120),
  kind text not null check (kind in ('png', 'jpeg', 'pdf', 'csv', 'txt')),
  bytes bigint not null check (bytes > 0),
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  blob_id uuid not null,
  note text check (length(trim(note)) between 1 and 500),
  struck_reason text check (length(trim(struck_reason)) between 1 and 500),
  struck_at timestamptz,
  struck_by uuid,
  brought_in boolean not null default false,
  primary key (tenant_id, id),
  foreign key (tenant_id, sample_id) references lab.sample (tenant_id, id),
  foreign key (tenant_id, result_id) references lab.result (tenant_id, id),
  foreign key (tenant_id, investigation_id) references lab.investigation (tenant_id, id),
  foreign key (tenant_id, instrument_event_id) references lab.instrument_event (tenant_id, id),
  foreign key (tenant_id, blob_id) references kernel.blob (tenant_id, id),
  foreign key (tenant_id, struck_by) references kernel.membership (tenant_id, id)
);
comment on column lab.attachment.kind is 'by its content, whatever its name says';
comment on column lab.attachment.note is 'what it shows, in the words of who added it';
select kernel.govern('lab.attachment');
create index attachment_of_sample on lab.attachment (tenant_id, sample_id) where sample_id is not null;
create index attachment_of_result on lab.attachment (tenant_id, result_id) where result_id is not null;
create index attachment_of_investigation on lab.attachment (tenant_id, investigation_id) where investigation_id is not null;
create index attachment_of_event on lab.attachment (tenant_id, instrument_event_id) where instrument_event_id is not null;
-- The same file is beside a record once; struck out, it may be added again.
create unique index attachment_once on lab.attachment
  (tenant_id, coalesce(sample_id, result_id, investigation_id, instrument_event_id), sha256) where struck_reason is null;
create trigger never_deleted before insert or update of deleted_at on lab.attachment for each row
  when (new.deleted_at is not null) execute function lab.never_deleted();
create trigger entered_for before insert or update on lab.attachment for each statement
  execute function kernel.entered_for('lab.result.enter', 'lab.investigation.change', 'lab.instrument.hold', 'lab.history.load');

create function lab.stamp_attachment() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    new.brought_in := kernel.claimed_permission() = 'lab.history.load';
    new.struck_reason := null;
    new.struck_at := null;
    new.struck_by := null;
  elsif old.struck_reason is null and new.struck_reason is not null then
    new.struck_at := new.updated_at;
    -- The server itself is nobody's membership.
    new.struck_by := nullif(new.updated_by, '00000000-0000-0000-0000-000000000001');
  end if;
  return new;
end $$;
create trigger stamp_attachment before insert or update on lab.attachment for each row execute function lab.stamp_attachment();

create function lab.attachment_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  may constant text := kernel.bound_permission();
  free constant text[] := array['version', 'updated_at', 'updated_by', 'retain_until'];
  struck constant text[] := array['struck_reason', 'struck_at', 'struck_by'];
  is_open boolean;
  is_blinded boolean := false;
begin
  if num_nonnulls(new.sample_id, new.result_id, new.investigation_id, new.instrument_event_id) <> 1 then
    raise exception 'an attachment is beside one record' using errcode = 'PB422';
  end if;
  if tg_op = 'UPDATE' then
    if to_jsonb(new) - free = to_jsonb(old) - free then
      return null;
    end if;
    if old.struck_reason is not null or to_jsonb(new) - free - struck <> to_jsonb(old) - free - struck then
      raise exception 'an attachment stays as it was added, and is struck out once' using errcode = 'PB422';
    end if;
  end if;
  if may = 'lab.history.load' then
    return null;
  end if;
  if may <> (case when new.investigation_id is not null then 'lab.investigation.change'
    when new.instrument_event_id is not null then 'lab.instrument.hold' else 'lab.result.enter' end) then
    raise exception 'an attachment is added and struck out by who writes what it is beside' using errcode = 'PB422';
  end if;
  -- Held until this commits: nobody verifies or concludes it meanwhile. What happened to an instrument is verified by nobody.
  if new.result_id is not null then
    select r.state in ('open', 'entered') into is_open from lab.result r
    where r.tenant_id = new.tenant_id and r.id = new.result_id for share;
  elsif new.sample_id is not null then
    select s.state in ('registered', 'received', 'tested'), s.blinded into is_open, is_blinded from lab.sample s
    where s.tenant_id = new.tenant_id and s.id = new.sample_id for share;
  elsif new.investigation_id is not null then
    select i.state <> 'concluded' into is_open from lab.investigation i
    where i.tenant_id = new.tenant_id and i.id = new.investigation_id for share;
  else
    is_open := true;
  end if;
  if is_open is not true then
    raise exception 'locked' using errcode = 'PB423';
  end if;
  -- A name given elsewhere may say whose a blinded sample is.
  if tg_op = 'INSERT' and is_blinded and new.name !~ '^blinded-[0-9]+\.(png|jpeg|pdf|csv|txt)$' then
    raise exception 'a file of a blinded sample has no name of its own' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger attachment_rule after insert or update on lab.attachment for each row execute function lab.attachment_rule();

-- As before, and with what was struck out, and what was put beside a record after it had been opened again.
create or replace function lab.trail_items(p_from timestamptz, p_to timestamptz, p_worksheet uuid, p_hours text)
returns table (kind text, action text, record text, row_id uuid, row_version integer, at timestamptz, actor_id uuid, seq bigint, before jsonb, after jsonb)
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with event as (
    select e.action, e.record, e.row_id, e.version, e.at, e.actor_id, e.seq, b.body as before, h.body as after
    from kernel.ledger_event e
    join kernel.version_history h on h.tenant_id = e.tenant_id and h.row_id = e.row_id and h.version = e.version
    left join kernel.version_history b on b.tenant_id = e.tenant_id and b.row_id = e.row_id and b.version = e.version - 1
    where e.tenant_id = kernel.tenant() and e.at >= p_from and e.at < p_to and e.record like 'lab.%'
      and e.record not in ('lab.trail_review', 'lab.trail_mark') and coalesce(h.body ->> 'brought_in', 'false') <> 'true'
      and (p_worksheet is null
        or (e.record = 'lab.worksheet' and e.row_id = p_worksheet)
        or (e.record = 'lab.result' and h.body ->> 'worksheet_id' = p_worksheet::text)
        or (e.record in ('lab.unlock', 'lab.correction', 'lab.sample', 'lab.attachment') and exists (select from lab.result r
          where r.worksheet_id = p_worksheet and r.sample_id::text in (h.body ->> 'sample_id', e.row_id::text)))
        or (e.record in ('lab.gate_override', 'lab.attachment') and exists (select from lab.result r
          where r.worksheet_id = p_worksheet and r.id::text = h.body ->> 'result_id')))
  )
  select k.kind, e.action, e.record, e.row_id, e.version, e.at, e.actor_id, e.seq, e.before, e.after
  from event e cross join lateral (values
    ('changed', e.record = 'lab.result' and e.before ->> 'text' is not null
      and (e.before -> 'text', e.before -> 'interim') is distinct from (e.after -> 'text', e.after -> 'interim')),
    ('retested', e.record = 'lab.result' and e.after ->> 'state' = 'retested' and e.before ->> 'state' <> 'retested'),
    ('unlocked', e.record = 'lab.unlock'),
    ('corrected', e.record = 'lab.correction'),
    ('struck', e.record = 'lab.attachment' and e.after ->> 'struck_reason' is not null and e.before ->> 'struck_reason' is null),
    ('attached', e.record = 'lab.attachment' and e.before is null and exists (select from lab.unlock u
      where u.tenant_id = kernel.tenant() and u.created_at <= e.at and u.sample_id = coalesce((e.after ->> 'sample_id')::uuid,
        (select r.sample_id from lab.result r where r.tenant_id = kernel.tenant() and r.id = (e.after ->> 'result_id')::uuid)))),
    ('overridden', e.record = 'lab.gate_override' and e.after ->> 'state' = 'confirmed' and e.before ->> 'state' is distinct from 'confirmed'),
    ('cancelled', e.record = 'lab.sample' and e.after ->> 'state' = 'cancelled' and e.before ->> 'state' is distinct from 'cancelled'),
    ('deleted', e.after ->> 'deleted_at' is not null and e.before ->> 'deleted_at' is null),
    ('method', e.record in ('lab.method_version', 'lab.specification_version', 'lab.setting')),
    ('clock', e.record = 'lab.sample' and e.action = 'lab.sample.register' and (e.after ->> 'sampled_at')::timestamptz > e.at),
    ('out-of-hours', e.action in ('lab.result.enter', 'lab.result.verify', 'lab.sample.receive')
      and (extract(isodow from e.at at time zone 'UTC') > 5
        or extract(hour from e.at at time zone 'UTC') < split_part(p_hours, '-', 1)::integer
        or extract(hour from e.at at time zone 'UTC') >= split_part(p_hours, '-', 2)::integer))
  ) as k (kind, holds)
  where k.holds
$$;

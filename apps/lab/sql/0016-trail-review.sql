-- Review of the audit trail (EU GMP Annex 11, OECD 17): what of a period or worksheet deserves somebody's eye, each item
-- marked as seen by a person, and the whole concluded by the signature of somebody whose own acts are none of it.
create table lab.trail_review (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  title text not null check (length(title) between 1 and 160),
  from_at timestamptz not null,
  to_at timestamptz not null,
  worksheet_id uuid,
  hours text not null check (hours ~ '^[0-2][0-9]-[0-2][0-9]$'),
  due_on date not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, worksheet_id) references lab.worksheet (tenant_id, id)
);
comment on column lab.trail_review.hours is 'working hours in UTC as the policy had them when it was opened: what was done outside is looked at';
select kernel.govern('lab.trail_review');

create table lab.trail_mark (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  review_id uuid not null,
  record text not null check (length(record) <= 80),
  row_id uuid not null,
  row_version integer not null check (row_version > 0),
  note text check (length(note) <= 1000),
  marker text not null check (length(marker) between 1 and 200),
  primary key (tenant_id, id),
  unique (tenant_id, review_id, row_id, row_version),
  foreign key (tenant_id, review_id) references lab.trail_review (tenant_id, id)
);
select kernel.govern('lab.trail_mark');
select kernel.govern_beneath('lab.trail_mark', 'lab.trail_review', 'review_id');
create trigger keep_version after update on lab.trail_mark for each row execute function lab.keep_version();

-- What is looked at, from the log and the versions that were kept: one function for pages, signatures and the rule below.
create function lab.trail_items(p_from timestamptz, p_to timestamptz, p_worksheet uuid, p_hours text)
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
        or (e.record in ('lab.unlock', 'lab.sample') and exists (select from lab.result r
          where r.worksheet_id = p_worksheet and r.sample_id::text in (h.body ->> 'sample_id', e.row_id::text)))
        or (e.record = 'lab.gate_override' and exists (select from lab.result r
          where r.worksheet_id = p_worksheet and r.id::text = h.body ->> 'result_id')))
  )
  select k.kind, e.action, e.record, e.row_id, e.version, e.at, e.actor_id, e.seq, e.before, e.after
  from event e cross join lateral (values
    ('changed', e.record = 'lab.result' and e.before ->> 'text' is not null
      and (e.before -> 'text', e.before -> 'interim') is distinct from (e.after -> 'text', e.after -> 'interim')),
    ('retested', e.record = 'lab.result' and e.after ->> 'state' = 'retested' and e.before ->> 'state' <> 'retested'),
    ('unlocked', e.record = 'lab.unlock'),
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
grant execute on function lab.trail_items(timestamptz, timestamptz, uuid, text) to probity_app;

create function lab.trail_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    if kernel.bound_permission() not in ('lab.review.change', 'lab.history.load') or new.locked_at is not null or new.to_at <= new.from_at then
      raise exception 'a review begins open, with its period' using errcode = 'PB422';
    end if;
    return null;
  end if;
  if (new.title, new.from_at, new.to_at, new.worksheet_id, new.hours, new.due_on, new.deleted_at)
    is distinct from (old.title, old.from_at, old.to_at, old.worksheet_id, old.hours, old.due_on, old.deleted_at) then
    raise exception 'a review keeps what it is of' using errcode = 'PB422';
  end if;
  if old.locked_at is null and new.locked_at is not null then
    if kernel.bound_permission() <> 'lab.review.conclude' then
      raise exception 'a review is concluded by who may' using errcode = 'PB422';
    end if;
    if exists (select from lab.trail_items(new.from_at, new.to_at, new.worksheet_id, new.hours) t where t.actor_id = new.updated_by) then
      raise exception 'nobody concludes a review of their own acts' using errcode = 'PB422';
    end if;
    if exists (select from lab.trail_items(new.from_at, new.to_at, new.worksheet_id, new.hours) t
      where not exists (select from lab.trail_mark m where m.tenant_id = new.tenant_id and m.review_id = new.id
        and m.row_id = t.row_id and m.row_version = t.row_version)) then
      raise exception 'a review is concluded when everything was seen' using errcode = 'PB422';
    end if;
  end if;
  return null;
end $$;
create trigger trail_rule after insert or update on lab.trail_review for each row execute function lab.trail_rule();

-- At the end of the transaction, because the lock comes before its signature.
create function lab.trail_signed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from kernel.signature g where g.tenant_id = new.tenant_id and g.record = 'lab.trail_review'
    and g.row_id = new.id and g.signed_version = new.version and g.membership_id = new.updated_by) then
    raise exception 'a review is concluded by a signature' using errcode = 'PB422';
  end if;
  return null;
end $$;
revoke all on function lab.trail_signed() from public;
create constraint trigger trail_signed after update on lab.trail_review deferrable initially deferred
for each row when (old.locked_at is null and new.locked_at is not null) execute function lab.trail_signed();

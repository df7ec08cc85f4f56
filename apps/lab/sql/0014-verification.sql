-- Verification is an act of its own: one row that names every result with the version it verifies. A signature stands for
-- the whole list (21 CFR 11.70), and no result becomes verified but by a list that was signed, or, of people who may not
-- sign yet and where the workspace lets them, that a fresh proof confirmed. A list is good for those versions and no others.
create table lab.verification (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  sample_id uuid,
  worksheet_id uuid,
  way text not null check (way in ('signature', 'step-up')),
  lines jsonb not null check (jsonb_typeof(lines) = 'object' and lines <> '{}'),
  primary key (tenant_id, id),
  foreign key (tenant_id, sample_id) references lab.sample (tenant_id, id),
  foreign key (tenant_id, worksheet_id) references lab.worksheet (tenant_id, id)
);
comment on column lab.verification.lines is 'each result by its id, with the version that was looked at: what is verified is the next one';
select kernel.govern('lab.verification');
create index verification_of_sample on lab.verification (tenant_id, sample_id) where sample_id is not null;
create index verification_of_worksheet on lab.verification (tenant_id, worksheet_id) where worksheet_id is not null;

alter table lab.result add column verification_id uuid;
-- Every row there is has none: with nothing to look at, no tenant needs to be bound.
alter table lab.result add foreign key (tenant_id, verification_id) references lab.verification (tenant_id, id) not valid;
create index result_of_verification on lab.result (tenant_id, verification_id) where verification_id is not null;

create table lab.verification_confirmed (
  tenant_id uuid not null,
  verification_id uuid not null,
  membership_id uuid not null,
  at timestamptz not null default now(),
  primary key (tenant_id, verification_id)
);
comment on table lab.verification_confirmed is 'which verification was confirmed by a fresh proof, and by whom: written by one function alone';
alter table lab.verification_confirmed enable row level security;
alter table lab.verification_confirmed force row level security;
create policy tenant on lab.verification_confirmed to probity_owner
using (tenant_id = (select kernel.tenant())) with check (tenant_id = (select kernel.tenant()));
insert into kernel.exempt_table values
  ('lab.verification_confirmed', 'which list a fresh proof confirmed, written by one definer function alone; the verification it speaks of has its leaf');

-- Confirms a verification without a signature: by whoever may verify, with a fresh proof given for this very sample or
-- worksheet (IDN-10). Whoever may sign signs.
create function lab.confirm_verification(p_id uuid, p_grant text, p_session text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  of record;
begin
  select coalesce(v.sample_id, v.worksheet_id) as subject, v.way, v.created_by into of from lab.verification v
  where v.tenant_id = kernel.tenant() and v.id = p_id;
  if not found or kernel.bound_permission() <> 'lab.result.verify' or of.way <> 'step-up' or of.created_by <> kernel.actor()
    or lab.may_sign(kernel.actor()) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  perform kernel.use_step_up(p_grant, p_session, 'lab.result.verify', of.subject::text);
  insert into lab.verification_confirmed (tenant_id, verification_id, membership_id) values (kernel.tenant(), p_id, kernel.actor());
end $$;

create function lab.may_sign(p_membership uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select exists (select from kernel.signer g where g.tenant_id = kernel.tenant() and g.membership_id = p_membership
    and g.acknowledged_at is not null and g.revoked_at is null and g.deleted_at is null)
$$;
revoke all on function lab.confirm_verification(uuid, text, text), lab.may_sign(uuid) from public;
grant execute on function lab.confirm_verification(uuid, text, text), lab.may_sign(uuid) to probity_app;

-- A list says for ever what it was made of.
create function lab.verification_kept() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' and (new.sample_id, new.worksheet_id, new.way, new.lines, new.locked_at)
    is not distinct from (old.sample_id, old.worksheet_id, old.way, old.lines, old.locked_at) then
    return null;
  end if;
  if kernel.bound_permission() not in ('lab.result.verify', 'lab.history.load') or (tg_op = 'INSERT' and new.locked_at is not null) then
    raise exception 'a verification is made by who may verify' using errcode = 'PB422';
  end if;
  if (new.sample_id is null) = (new.worksheet_id is null) then
    raise exception 'a verification is of a sample or of a worksheet' using errcode = 'PB422';
  end if;
  if tg_op = 'UPDATE' and (new.sample_id, new.worksheet_id, new.way, new.deleted_at) is distinct from (old.sample_id, old.worksheet_id, old.way, old.deleted_at) then
    raise exception 'a verification keeps what it is of' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger verification_kept after insert or update on lab.verification for each row execute function lab.verification_kept();

-- After the rules of each row: what became verified did so by a list that names it in the version it had, is of its sample
-- or worksheet, and was signed or confirmed by who verifies.
create function lab.verification_rule() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from changed n join was o on o.id = n.id
    where n.verification_id is distinct from o.verification_id and not (o.state = 'entered' and n.state = 'verified')) then
    raise exception 'what verified a result is written by its verification' using errcode = 'PB422';
  end if;
  if exists (
    select from changed n join was o on o.id = n.id
    left join lab.verification v on v.tenant_id = n.tenant_id and v.id = n.verification_id
    where o.state = 'entered' and n.state = 'verified'
      and not coalesce(v.locked_at is not null and v.lines ->> n.id::text = o.version::text
        and (v.sample_id = n.sample_id or v.worksheet_id = n.worksheet_id)
        and case v.way
          when 'signature' then exists (select from kernel.signature g
            where g.tenant_id = v.tenant_id and g.record = 'lab.verification' and g.row_id = v.id
              and g.signed_version = v.version and g.membership_id = n.updated_by)
          else exists (select from lab.verification_confirmed c
            where c.tenant_id = v.tenant_id and c.verification_id = v.id and c.membership_id = n.updated_by)
            and not lab.may_sign(n.updated_by) end, false)) then
    raise exception 'a result is verified by a signed list that names it' using errcode = 'PB422';
  end if;
  return null;
end $$;
revoke all on function lab.verification_rule() from public;
create trigger verification_rule after update on lab.result
referencing old table as was new table as changed for each statement execute function lab.verification_rule();

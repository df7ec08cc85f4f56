-- A list may also name the results of several samples: of neither one sample nor one worksheet. It is good for exactly the results
-- it names, each in the version that was looked at. What was found out of specification is not verified among others: its
-- investigation is concluded first, or it is looked at by itself.
create or replace function lab.verification_kept() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' and (new.sample_id, new.worksheet_id, new.way, new.lines, new.locked_at)
    is not distinct from (old.sample_id, old.worksheet_id, old.way, old.lines, old.locked_at) then
    return null;
  end if;
  if kernel.bound_permission() not in ('lab.result.verify', 'lab.history.load') or (tg_op = 'INSERT' and new.locked_at is not null) then
    raise exception 'a verification is made by who may verify' using errcode = 'PB422';
  end if;
  if new.sample_id is not null and new.worksheet_id is not null then
    raise exception 'a verification is of a sample, of a worksheet or of a selection' using errcode = 'PB422';
  end if;
  if tg_op = 'UPDATE' and (new.sample_id, new.worksheet_id, new.way, new.deleted_at) is distinct from (old.sample_id, old.worksheet_id, old.way, old.deleted_at) then
    raise exception 'a verification keeps what it is of' using errcode = 'PB422';
  end if;
  return null;
end $$;
create index verification_of_selection on lab.verification (tenant_id, created_by, id) where sample_id is null and worksheet_id is null and locked_at is null;

create or replace function lab.verification_rule() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
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
        and (v.sample_id = n.sample_id or v.worksheet_id = n.worksheet_id or v.sample_id is null and v.worksheet_id is null)
        and case v.way
          when 'signature' then exists (select from kernel.signature g
            where g.tenant_id = v.tenant_id and g.record = 'lab.verification' and g.row_id = v.id
              and g.signed_version = v.version and g.membership_id = n.updated_by)
          else exists (select from lab.verification_confirmed c
            where c.tenant_id = v.tenant_id and c.verification_id = v.id and c.membership_id = n.updated_by)
            and not lab.may_sign(n.updated_by) end, false)) then
    raise exception 'a result is verified by a signed list that names it' using errcode = 'PB422';
  end if;
  if exists (
    select from changed n join was o on o.id = n.id
    join lab.verification v on v.tenant_id = n.tenant_id and v.id = n.verification_id and v.sample_id is null and v.worksheet_id is null
    where o.state = 'entered' and n.state = 'verified' and n.kind = 'sample'
      and case when n.verdict = 'out' then not exists (select from lab.investigation i
          where i.tenant_id = n.tenant_id and i.result_id = n.id and i.state = 'concluded')
        else exists (select from lab.investigation i
          where i.tenant_id = n.tenant_id and i.sample_id = n.sample_id and i.state <> 'concluded') end) then
    raise exception 'what is investigated is not verified among others' using errcode = 'PB422';
  end if;
  return null;
end $$;

-- The proof is given for this list in this version: whoever lists anew proves themselves anew.
create or replace function lab.confirm_verification(p_id uuid, p_grant text, p_session text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  of record;
begin
  select coalesce(v.sample_id::text, v.worksheet_id::text, v.id || ' v' || v.version) as subject, v.way, v.created_by into of from lab.verification v
  where v.tenant_id = kernel.tenant() and v.id = p_id;
  if not found or kernel.bound_permission() <> 'lab.result.verify' or of.way <> 'step-up' or of.created_by <> kernel.actor()
    or lab.may_sign(kernel.actor()) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  perform kernel.use_step_up(p_grant, p_session, 'lab.result.verify', of.subject);
  insert into lab.verification_confirmed (tenant_id, verification_id, membership_id) values (kernel.tenant(), p_id, kernel.actor());
end $$;

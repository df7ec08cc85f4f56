-- Certificates of analysis: made of a published sample, signed, sealed and kept as they are. What is wrong or out of date is
-- superseded by a new number that says why (ISO/IEC 17025 7.8.8); nothing is replaced.
create table lab.certificate_template (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  name text not null check (length(name) between 1 and 80),
  number integer not null check (number > 0),
  definition jsonb not null,
  reason text not null check (length(reason) between 1 and 500),
  primary key (tenant_id, id),
  unique (tenant_id, name, number)
);
comment on table lab.certificate_template is 'how certificates of one kind look and read; a later number takes its place, certificates keep theirs';
select kernel.govern('lab.certificate_template');
create trigger keep_version after update on lab.certificate_template for each row execute function lab.keep_version();

create table lab.certificate (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  series text not null,
  sequence integer not null check (sequence > 0),
  number text not null check (length(number) <= 40),
  sample_id uuid not null,
  publication_id uuid not null,
  template_id uuid not null,
  supersedes_id uuid,
  reason text check (length(trim(reason)) between 1 and 500),
  content jsonb not null,
  discarded_reason text check (length(trim(discarded_reason)) between 1 and 500),
  primary key (tenant_id, id),
  unique (tenant_id, number),
  unique (tenant_id, series, sequence),
  foreign key (tenant_id, sample_id) references lab.sample (tenant_id, id),
  foreign key (tenant_id, publication_id) references lab.publication (tenant_id, id),
  foreign key (tenant_id, template_id) references lab.certificate_template (tenant_id, id),
  foreign key (tenant_id, supersedes_id) references lab.certificate (tenant_id, id)
);
comment on column lab.certificate.content is 'everything the certificate says, as it was when it was prepared; a signature stands for it';
select kernel.govern('lab.certificate');
alter table lab.certificate add check (discarded_reason is null or locked_at is null);
create index certificate_of_sample on lab.certificate (tenant_id, sample_id, id);
-- One is prepared at a time, and each is superseded once.
create unique index certificate_draft on lab.certificate (tenant_id, sample_id) where locked_at is null and discarded_reason is null;
create unique index certificate_superseded on lab.certificate (tenant_id, supersedes_id) where discarded_reason is null;

create table lab.certificate_file (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  certificate_id uuid not null,
  format text not null check (format in ('pdf', 'json')),
  blob_id uuid not null,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  seal text not null check (seal in ('B-B', 'B-T', 'B-LT')),
  proofs integer not null check (proofs >= 0),
  primary key (tenant_id, id),
  unique (tenant_id, certificate_id, format),
  foreign key (tenant_id, certificate_id) references lab.certificate (tenant_id, id),
  foreign key (tenant_id, blob_id) references kernel.blob (tenant_id, id)
);
comment on table lab.certificate_file is 'the very bytes that left: made once after the signature, never again';
select kernel.govern('lab.certificate_file');
create trigger keep_version after update on lab.certificate_file for each row execute function lab.keep_version();

create function lab.certificate_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  may constant text := kernel.bound_permission();
  sample record;
  told record;
  template record;
  current uuid;
begin
  if tg_op = 'UPDATE' then
    if to_jsonb(new) - array['version', 'updated_at', 'updated_by', 'retain_until', 'locked_at', 'discarded_reason']
      <> to_jsonb(old) - array['version', 'updated_at', 'updated_by', 'retain_until', 'locked_at', 'discarded_reason'] or old.discarded_reason is not null then
      raise exception 'locked' using errcode = 'PB423';
    end if;
    if new.discarded_reason is not null and may <> 'lab.certificate.prepare' then
      raise exception 'a draft is discarded by who prepares certificates' using errcode = 'PB422';
    end if;
    if new.locked_at is not distinct from old.locked_at then
      return null;
    end if;
    if may <> 'lab.certificate.sign' then
      raise exception 'a certificate is locked by its signature' using errcode = 'PB422';
    end if;
  elsif (new.supersedes_id is null) <> (new.reason is null) then
    raise exception 'an amendment, and nothing else, says why' using errcode = 'PB422';
  elsif may <> 'lab.certificate.prepare' or new.locked_at is not null or new.discarded_reason is not null then
    raise exception 'a certificate begins as a draft' using errcode = 'PB422';
  end if;
  -- Held until this commits: the sample is not unlocked meanwhile.
  select s.state, s.id into sample from lab.sample s where s.tenant_id = new.tenant_id and s.id = new.sample_id for share;
  select p.id, p.evaluations into told from lab.publication p
    where p.tenant_id = new.tenant_id and p.sample_id = new.sample_id order by p.number desc limit 1;
  if sample.state is distinct from 'published' or told.id is distinct from new.publication_id then
    raise exception 'a certificate tells what is published of its sample now' using errcode = 'PB422';
  end if;
  if new.content -> 'evaluations' is distinct from told.evaluations or new.content ->> 'number' is distinct from new.number then
    raise exception 'a certificate says what was published' using errcode = 'PB422';
  end if;
  if exists (
    select from lab.result f
    where f.tenant_id = new.tenant_id and f.sample_id = new.sample_id and f.verdict = 'out' and f.kind = 'sample' and f.state in ('verified', 'retested')
      and not exists (
        select from lab.result e join lab.investigation i on i.tenant_id = e.tenant_id and i.result_id = e.id and i.state = 'concluded'
        where e.tenant_id = f.tenant_id and e.sample_id = f.sample_id and e.method_version_id = f.method_version_id
          and e.analyte = f.analyte and e.kind = f.kind and e.attempt <= f.attempt)) then
    raise exception 'what is out of specification is investigated before it is told' using errcode = 'PB422';
  end if;
  -- What stands for this sample now is what a new one supersedes: two never stand side by side.
  select c.id into current from lab.certificate c
  where c.tenant_id = new.tenant_id and c.sample_id = new.sample_id and c.locked_at is not null and c.id <> new.id
    and not exists (select from lab.certificate n where n.tenant_id = c.tenant_id and n.supersedes_id = c.id and n.locked_at is not null and n.id <> new.id);
  if current is distinct from new.supersedes_id then
    raise exception 'a certificate supersedes the one that stands' using errcode = 'PB422';
  end if;
  if tg_op = 'INSERT' then
    return null;
  end if;
  -- Nobody certifies what they determined; and where the template asks for four eyes, nobody who verified all of it alone.
  if exists (select from lab.result r join kernel.version_history h on h.tenant_id = r.tenant_id and h.row_id = r.id
    where r.tenant_id = new.tenant_id and r.sample_id = new.sample_id and h.body ->> 'entered_by' = new.updated_by::text) then
    raise exception 'nobody certifies their own result' using errcode = 'PB422';
  end if;
  select t.definition into template from lab.certificate_template t where t.tenant_id = new.tenant_id and t.id = new.template_id;
  if template.definition -> 'fourEyes' = 'true' and (
    select count(distinct r.verified_by) = 1 and bool_or(r.verified_by = new.updated_by) from lab.result r
    where r.tenant_id = new.tenant_id and r.sample_id = new.sample_id and r.state = 'verified' and r.kind = 'sample') then
    raise exception 'nobody certifies what they alone verified' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger certificate_rule after insert or update on lab.certificate for each row execute function lab.certificate_rule();

create function lab.certificate_file_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from lab.certificate c where c.tenant_id = new.tenant_id and c.id = new.certificate_id and c.locked_at is not null) then
    raise exception 'a certificate leaves signed' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger certificate_file_rule after insert on lab.certificate_file for each row execute function lab.certificate_file_rule();

-- A sample changes hands only while nothing of it was certified or told to whose it was.
create function lab.sample_customer_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from lab.publication p where p.tenant_id = new.tenant_id and p.sample_id = new.id) then
    raise exception 'a sample that was told of keeps its customer' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger sample_customer_rule after update on lab.sample for each row
  when (new.customer_id is distinct from old.customer_id) execute function lab.sample_customer_rule();

create function lab.portal_certificates() returns setof uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select c.id from lab.certificate c where c.locked_at is not null and c.deleted_at is null and c.sample_id in (select lab.portal_samples())
$$;
revoke all on function lab.portal_certificates() from public;
grant execute on function lab.portal_certificates() to probity_app;
select kernel.govern_portal('lab.certificate', '{"column": "id", "from": "lab.portal_certificates"}');
select kernel.govern_portal('lab.certificate_file', '{"column": "certificate_id", "from": "lab.portal_certificates", "file": "blob_id"}');

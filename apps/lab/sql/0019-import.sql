-- The list reads rows, or an index of what it filters by; an index that held all of it was larger than the rows it stood
-- for, and every step of every sample wrote it anew.
drop index lab.sample_list;

-- A file is taken by a job: what became of it stands on the file itself, and its report beside it.
alter table lab.import_file
  add column state text not null default 'done' check (state in ('waiting', 'done', 'refused', 'cancelled')),
  add column delimiter text check (length(delimiter) = 1),
  add column source text check (length(source) between 1 and 80),
  add column job_id uuid,
  add column imported integer not null default 0 check (imported >= 0),
  add column error_count integer not null default 0 check (error_count >= 0),
  add column errors jsonb,
  add column refusal text check (length(refusal) <= 1000),
  add column report_blob_id uuid;
-- Not valid: what is there has no report, and looking at it would ask for a bound tenant.
alter table lab.import_file add foreign key (tenant_id, report_blob_id) references kernel.blob (tenant_id, id) not valid;
comment on column lab.import_file.errors is 'the first of what is wrong, line by line; all of it is in the report';
create index import_file_waiting on lab.import_file (tenant_id, id) where state = 'waiting';

-- What was sent stays as it was sent; it is taken once, refused or cancelled, and then nothing of it moves.
create function lab.import_goes_on() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if (new.kind, new.file_name, new.sha256, new.encoding, new.delimiter, new.row_count, new.mapping, new.source, new.blob_id)
    is distinct from (old.kind, old.file_name, old.sha256, old.encoding, old.delimiter, old.row_count, old.mapping, old.source, old.blob_id) then
    raise exception 'a file is kept as it was sent' using errcode = 'PB422';
  end if;
  if old.state <> 'waiting' and (new.state, new.imported, new.error_count, new.errors, new.refusal, new.report_blob_id, new.job_id)
    is distinct from (old.state, old.imported, old.error_count, old.errors, old.refusal, old.report_blob_id, old.job_id) then
    raise exception 'what became of a file is said once' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger import_goes_on after update on lab.import_file for each row execute function lab.import_goes_on();

-- Nothing comes from a file that was refused or cancelled, and nothing more from one that was taken: its rows and its end
-- are one transaction. Looked at when that ends.
create function lab.import_is_whole() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from lab.import_file f where f.tenant_id = new.tenant_id and f.id = new.id and f.state in ('refused', 'cancelled'))
    and (exists (select from lab.sample s where s.tenant_id = new.tenant_id and s.import_id = new.id)
      or exists (select from lab.result r where r.tenant_id = new.tenant_id and r.import_id = new.id)) then
    raise exception 'a file is taken whole or not at all' using errcode = 'PB422';
  end if;
  return null;
end $$;
create index sample_of_import on lab.sample (tenant_id, import_id) where import_id is not null;
create index result_of_import on lab.result (tenant_id, import_id) where import_id is not null;
create constraint trigger import_is_whole after update on lab.import_file deferrable initially deferred
  for each row when (new.state in ('refused', 'cancelled')) execute function lab.import_is_whole();

-- How the files of one instrument or customer are read: their headings, by name, so that a column that moved is still found.
create table lab.import_source (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  kind text not null check (kind in ('samples', 'results')),
  name text not null check (length(name) between 1 and 80),
  headings jsonb not null check (jsonb_typeof(headings) = 'object'),
  decimal_sign text not null check (decimal_sign in ('point', 'comma')),
  primary key (tenant_id, id)
);
comment on column lab.import_source.headings is 'field to heading of the file';
select kernel.govern('lab.import_source');
create unique index import_source_name on lab.import_source (tenant_id, kind, lower(name)) where deleted_at is null;

-- What the work of a request with an Idempotency-Key gave, kept in that work's transaction.
create table lab.kept_answer (
  tenant_id uuid not null default kernel.tenant(),
  actor_id uuid not null default kernel.actor(),
  id uuid not null,
  value json not null,
  kept_at timestamptz not null default now(),
  primary key (tenant_id, actor_id, id)
);
alter table lab.kept_answer enable row level security;
alter table lab.kept_answer force row level security;
create policy tenant on lab.kept_answer for all to probity_app, probity_owner
  using (tenant_id = (select kernel.tenant()) and actor_id = (select kernel.actor()))
  with check (tenant_id = (select kernel.tenant()) and actor_id = (select kernel.actor()));
grant select, insert on lab.kept_answer to probity_app;
insert into kernel.exempt_table values
  ('lab.kept_answer', 'the answer to one request of one person, read by the same person alone for two days; what the request changed left its own leaves');

-- Who sends a request again does so soon. The policy leaves one's own answers in this workspace alone.
create function lab.forget_answers() returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  delete from lab.kept_answer where kept_at < now() - interval '2 days'
$$;
revoke all on function lab.forget_answers() from public;
grant execute on function lab.forget_answers() to probity_app;

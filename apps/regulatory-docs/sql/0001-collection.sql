-- Collections of documents with revisions, gap runs over them, and what people decided about each finding.
-- Texts, quotes and notes are not here: they are sealed, as blobs or in the kernel's side table.
create schema regulatory_docs;
grant usage on schema regulatory_docs to probity_app, probity_across;
-- The guard's own functions read row values through the trigger; the door needs no more than the schema's name.
grant usage on schema regulatory_docs to probity_door;

create table regulatory_docs.collection (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  name text not null check (length(name) between 1 and 120),
  description text check (length(description) <= 2000),
  primary key (tenant_id, id)
);
select kernel.govern('regulatory_docs.collection');

create table regulatory_docs.document (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  collection_id uuid not null,
  name text not null,
  current_revision integer not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, collection_id) references regulatory_docs.collection (tenant_id, id)
);
select kernel.govern('regulatory_docs.document');
create unique index document_name on regulatory_docs.document (tenant_id, collection_id, name) where deleted_at is null;

create table regulatory_docs.revision (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  document_id uuid not null,
  number integer not null check (number > 0),
  file_name text not null,
  kind text not null check (kind in ('pdf', 'docx', 'doc', 'txt')),
  bytes bigint not null,
  sha256 text not null,
  page_count integer,
  state text not null check (state in ('reading', 'ready', 'refused')),
  refusal_code text,
  refusal_text text,
  warnings jsonb not null default '[]',
  encoding text,
  kept_blob_id uuid,
  text_blob_id uuid,
  primary key (tenant_id, id),
  unique (tenant_id, document_id, number),
  foreign key (tenant_id, document_id) references regulatory_docs.document (tenant_id, id),
  foreign key (tenant_id, kept_blob_id) references kernel.blob (tenant_id, id),
  foreign key (tenant_id, text_blob_id) references kernel.blob (tenant_id, id)
);
select kernel.govern('regulatory_docs.revision');

create table regulatory_docs.run (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  collection_id uuid not null,
  number integer not null check (number > 0),
  pack_id text not null,
  pack_version text not null,
  engine text,
  state text not null check (state in ('waiting', 'done', 'failed')),
  result_blob_id uuid,
  primary key (tenant_id, id),
  unique (tenant_id, collection_id, number),
  foreign key (tenant_id, collection_id) references regulatory_docs.collection (tenant_id, id),
  foreign key (tenant_id, result_blob_id) references kernel.blob (tenant_id, id)
);
select kernel.govern('regulatory_docs.run');

create index revision_of_document on regulatory_docs.revision (tenant_id, document_id, number desc);

create table regulatory_docs.finding (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  run_id uuid not null,
  requirement_id text not null,
  status text not null check (status in ('covered', 'partial', 'gap', 'not-assessable')),
  coverage real not null check (coverage between 0 and 1),
  changed boolean not null default false,
  decision text check (decision in ('accepted', 'overridden')),
  decided_status text check (decided_status in ('covered', 'partial', 'gap', 'not-assessable')),
  reason_code text,
  decided_by uuid,
  decided_at timestamptz,
  assignee_id uuid,
  due_on date,
  primary key (tenant_id, id),
  unique (tenant_id, run_id, requirement_id),
  foreign key (tenant_id, run_id) references regulatory_docs.run (tenant_id, id),
  foreign key (tenant_id, decided_by) references kernel.membership (tenant_id, id),
  foreign key (tenant_id, assignee_id) references kernel.membership (tenant_id, id)
);
comment on column regulatory_docs.finding.status is 'the machine''s status: a decision stands beside it and never replaces it (AI-07)';
select kernel.govern('regulatory_docs.finding');

-- What the list of collections shows beside each: how many documents, and how the last finished run stands. Decisions
-- outrank the machine in the counts.
create view regulatory_docs.collection_overview with (security_invoker = true) as
select c.*,
  (select count(*)::integer from regulatory_docs.document d
   where d.tenant_id = c.tenant_id and d.collection_id = c.id and d.deleted_at is null) as document_count,
  (select jsonb_build_object('id', r.id, 'number', r.number, 'pack', r.pack_id, 'createdAt', r.created_at, 'counts', (
      select jsonb_build_object(
        'covered', count(*) filter (where coalesce(f.decided_status, f.status) = 'covered'),
        'partial', count(*) filter (where coalesce(f.decided_status, f.status) = 'partial'),
        'gap', count(*) filter (where coalesce(f.decided_status, f.status) = 'gap'),
        'notAssessable', count(*) filter (where coalesce(f.decided_status, f.status) = 'not-assessable'))
      from regulatory_docs.finding f where f.tenant_id = r.tenant_id and f.run_id = r.id))
   from regulatory_docs.run r
   where r.tenant_id = c.tenant_id and r.collection_id = c.id and r.state = 'done' and r.deleted_at is null
   order by r.number desc limit 1) as last_run
from regulatory_docs.collection c;
grant select on regulatory_docs.collection_overview to probity_app;

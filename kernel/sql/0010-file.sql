-- Files: one row a stored blob. The blob id is a keyed hash of the content (HMAC under the tenant's index key): the
-- same file is kept once per tenant, and outside the tenant nobody can tell that it is there.
set local role probity_owner;

create table kernel.blob (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  content_id text not null check (content_id ~ '^[0-9a-f]{64}$'),
  kind text not null check (kind in ('pdf', 'docx', 'doc', 'txt', 'json')),
  bytes bigint not null check (bytes >= 0),
  key_id uuid not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, key_id) references kernel.tenant_key (tenant_id, id)
);
select kernel.govern('kernel.blob');
create unique index blob_content on kernel.blob (tenant_id, content_id) where deleted_at is null;

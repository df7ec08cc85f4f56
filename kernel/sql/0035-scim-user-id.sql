-- A directory's user has an id of its own: one history holds the versions of all records, by row id. The two tables are
-- made anew, since no directory has written yet.
set local role probity_door;
delete from kernel.governed_table where record in ('kernel.scim_user', 'kernel.scim_group_member');

set local role probity_owner;
drop table kernel.scim_group_member;
drop table kernel.scim_user;

-- What the directory says of a member.
create table kernel.scim_user (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  membership_id uuid not null,
  external_id text check (length(external_id) <= 200),
  user_name text not null check (length(user_name) <= 254),
  given_name text check (length(given_name) <= 200),
  family_name text check (length(family_name) <= 200),
  active boolean not null,
  primary key (tenant_id, id),
  unique (tenant_id, membership_id),
  foreign key (tenant_id, membership_id) references kernel.membership (tenant_id, id)
);
select kernel.govern('kernel.scim_user');
create unique index scim_user_name on kernel.scim_user (tenant_id, lower(user_name)) where deleted_at is null;
create index scim_user_external on kernel.scim_user (tenant_id, external_id);

create table kernel.scim_group_member (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  group_id uuid not null,
  scim_user_id uuid not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, group_id) references kernel.scim_group (tenant_id, id),
  foreign key (tenant_id, scim_user_id) references kernel.scim_user (tenant_id, id)
);
select kernel.govern('kernel.scim_group_member');
create unique index scim_group_member_once on kernel.scim_group_member (tenant_id, group_id, scim_user_id) where deleted_at is null;
create index scim_group_of_user on kernel.scim_group_member (tenant_id, scim_user_id);

create trigger entered_for before insert or update on kernel.scim_user for each statement
  execute function kernel.entered_for('kernel.people.change');
create trigger entered_for before insert or update on kernel.scim_group_member for each statement
  execute function kernel.entered_for('kernel.people.change');

-- Customers, their contacts, and what a contact who was invited as a guest sees: the customer's own samples once they are
-- published, what was told of them, and their certificates. Every other table is empty to a guest (kernel.tenant).
create table lab.customer (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  code text not null check (length(code) between 1 and 40),
  name text not null check (length(name) between 1 and 160),
  address text check (length(address) <= 500),
  remark text check (length(remark) <= 1000),
  primary key (tenant_id, id)
);
select kernel.govern('lab.customer');
create unique index customer_code on lab.customer (tenant_id, code) where deleted_at is null;

create table lab.contact (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  customer_id uuid not null,
  name text not null check (length(name) between 1 and 120),
  email text not null check (length(email) between 3 and 254),
  invitation_id uuid,
  primary key (tenant_id, id),
  foreign key (tenant_id, customer_id) references lab.customer (tenant_id, id),
  foreign key (tenant_id, invitation_id) references kernel.invitation (tenant_id, id)
);
comment on column lab.contact.invitation_id is 'whoever took it up sees what is this customer''s, as a guest';
select kernel.govern('lab.contact');
create unique index contact_email on lab.contact (tenant_id, customer_id, lower(email)) where deleted_at is null;
create unique index contact_invitation on lab.contact (tenant_id, invitation_id);

-- No lock on the table's rows is held for long: the column is new, and what it points at is empty.
alter table lab.sample
  add column customer_id uuid,
  add foreign key (tenant_id, customer_id) references lab.customer (tenant_id, id) not valid;
create index sample_customer on lab.sample (tenant_id, customer_id, id) where customer_id is not null;

-- A contact stays with its customer, and an invitation with its contact: neither is moved to show somebody else's.
create function lab.contact_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    if new.invitation_id is not null then
      raise exception 'a contact is invited after it was made' using errcode = 'PB422';
    end if;
    return null;
  end if;
  if new.customer_id <> old.customer_id or (new.email <> old.email and old.invitation_id is not null) then
    raise exception 'a contact keeps its customer, and once invited its address' using errcode = 'PB422';
  end if;
  if new.invitation_id is distinct from old.invitation_id then
    if new.deleted_at is not null or not exists (select from kernel.invitation i
      where i.tenant_id = new.tenant_id and i.id = new.invitation_id and i.role = 'guest' and lower(i.email) = lower(new.email)) then
      raise exception 'an invitation is one of a guest at the address of the contact' using errcode = 'PB422';
    end if;
  end if;
  return null;
end $$;
create trigger contact_rule after insert or update on lab.contact for each row execute function lab.contact_rule();

-- Each is asked by policies and answers for the bound guest. The owner of these functions is bound by the tenant policies.
create function lab.portal_customers() returns setof uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select c.customer_id from lab.contact c join lab.customer u on u.tenant_id = c.tenant_id and u.id = c.customer_id and u.deleted_at is null
  where c.deleted_at is null and c.invitation_id in (select kernel.portal_invitations())
$$;
create function lab.portal_contacts() returns setof uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select c.id from lab.contact c where c.deleted_at is null and c.invitation_id in (select kernel.portal_invitations())
$$;
create function lab.portal_samples() returns setof uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select s.id from lab.sample s
  where s.customer_id in (select lab.portal_customers()) and s.deleted_at is null
    and exists (select from lab.publication p where p.tenant_id = s.tenant_id and p.sample_id = s.id)
$$;
create function lab.portal_products() returns setof uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select s.product_id from lab.sample s where s.id in (select lab.portal_samples())
$$;
-- Of what is still in the laboratory a customer learns that it is there, and how far it is: no value, no verdict, no name.
create function lab.portal_progress() returns table (number text, product text, lot text, stage text, received_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select s.number, p.name, s.lot, case s.state when 'registered' then 'expected' else 'in-laboratory' end, s.received_at
  from lab.sample s join lab.product p on p.tenant_id = s.tenant_id and p.id = s.product_id
  where s.customer_id in (select lab.portal_customers()) and s.deleted_at is null and s.state <> 'cancelled' and not s.brought_in
    and not exists (select from lab.publication l where l.tenant_id = s.tenant_id and l.sample_id = s.id)
  order by s.id desc limit 500
$$;
revoke all on function lab.portal_customers(), lab.portal_contacts(), lab.portal_samples(), lab.portal_products(), lab.portal_progress() from public;
grant execute on function lab.portal_customers(), lab.portal_contacts(), lab.portal_samples(), lab.portal_products(), lab.portal_progress() to probity_app;

select kernel.govern_portal('lab.customer', '{"column": "id", "from": "lab.portal_customers"}');
select kernel.govern_portal('lab.contact', '{"column": "id", "from": "lab.portal_contacts"}');
select kernel.govern_portal('lab.sample', '{"column": "id", "from": "lab.portal_samples"}');
select kernel.govern_portal('lab.publication', '{"column": "sample_id", "from": "lab.portal_samples"}');
select kernel.govern_portal('lab.product', '{"column": "id", "from": "lab.portal_products"}');

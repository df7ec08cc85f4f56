-- Customers' contacts, and whom certificates were sent to, are people: the kernel's erasure reaches them (LED-06). A contact
-- ends with it, and so does every link to a certificate that was sent to them.
set local role probity_owner;

select kernel.govern_personal('lab.contact',
  '{"name": "name", "address": "email", "columns": {"name": "Erased person", "email": null}, "ends": ["deleted_at"]}');
select kernel.govern_personal('lab.delivery',
  '{"name": "recipient", "address": "email", "columns": {"recipient": "Erased person", "email": null}, "ends": ["revoked_at"], "link": "link_id", "acts": ["lab.delivery.open"]}');

-- Whether a change is an erasure's and puts nobody in place of who was named.
create function lab.is_erasure(p_name text, p_email text, p_id uuid) returns boolean
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  select kernel.bound_permission() = 'kernel.person.erase' and p_name = 'Erased person' and p_email = 'erased-' || p_id || '@erased.invalid'
$$;
revoke all on function lab.is_erasure(text, text, uuid) from public;
grant execute on function lab.is_erasure(text, text, uuid) to probity_app;

-- As before, but for an erasure.
create or replace function lab.contact_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    if new.invitation_id is not null then
      raise exception 'a contact is invited after it was made' using errcode = 'PB422';
    end if;
    return null;
  end if;
  if new.customer_id <> old.customer_id
    or (new.email <> old.email and old.invitation_id is not null and not lab.is_erasure(new.name, new.email, new.id)) then
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

create or replace function lab.delivery_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  free text[] := array['version', 'updated_at', 'updated_by', 'retain_until', 'revoked_at'];
begin
  if tg_op = 'INSERT' then
    if not exists (select from kernel.link l where l.tenant_id = new.tenant_id and l.id = new.link_id and l.subject_id = new.id
      and l.permission = 'lab.certificate.deliver' and l.expires_at = new.expires_at) then
      raise exception 'a delivery has a link of its own' using errcode = 'PB422';
    end if;
    if not exists (select from lab.certificate c where c.tenant_id = new.tenant_id and c.id = new.certificate_id and c.locked_at is not null) then
      raise exception 'a certificate leaves signed' using errcode = 'PB422';
    end if;
    return null;
  end if;
  if lab.is_erasure(new.recipient, new.email, new.id) and new.revoked_at is not null then
    if to_jsonb(new) - free - array['recipient', 'email'] = to_jsonb(old) - free - array['recipient', 'email']
      and (old.revoked_at is null or new.revoked_at = old.revoked_at) then
      return null;
    end if;
    raise exception 'locked' using errcode = 'PB423';
  end if;
  if to_jsonb(new) - free <> to_jsonb(old) - free or old.revoked_at is not null then
    raise exception 'locked' using errcode = 'PB423';
  end if;
  return null;
end $$;

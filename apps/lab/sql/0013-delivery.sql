-- Certificates delivered to people without an account: one signed link each, which ends (FIL-03).
create table lab.delivery (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  certificate_id uuid not null,
  contact_id uuid,
  recipient text not null check (length(recipient) between 1 and 120),
  email text not null check (length(email) between 3 and 254),
  link_id uuid not null,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  primary key (tenant_id, id),
  unique (tenant_id, link_id),
  foreign key (tenant_id, certificate_id) references lab.certificate (tenant_id, id),
  foreign key (tenant_id, contact_id) references lab.contact (tenant_id, id),
  foreign key (tenant_id, link_id) references kernel.link (tenant_id, id)
);
comment on table lab.delivery is 'who was sent a certificate, by which link and until when; each opening of it is an event of this row';
select kernel.govern('lab.delivery');
create index delivery_of_certificate on lab.delivery (tenant_id, certificate_id, id);

create function lab.delivery_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
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
  if to_jsonb(new) - array['version', 'updated_at', 'updated_by', 'retain_until', 'revoked_at']
    <> to_jsonb(old) - array['version', 'updated_at', 'updated_by', 'retain_until', 'revoked_at'] or old.revoked_at is not null then
    raise exception 'locked' using errcode = 'PB423';
  end if;
  return null;
end $$;
create trigger delivery_rule after insert or update on lab.delivery for each row execute function lab.delivery_rule();

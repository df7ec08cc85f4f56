-- Whether an invitation's link went to its address by mail and was shown to nobody else: using it then proves the mailbox.
set local role probity_owner;

alter table kernel.invitation add column mailed boolean not null default false;

set local role probity_door;

-- For the server's own commands: which workspace a name in addresses stands for.
create function kernel.workspace_by_slug(p_secret text, p_slug text) returns uuid
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from kernel.system_credential c
  where c.secret_hash = sha256(convert_to(p_secret, 'UTF8')) and 'kernel.membership.accept' = any (c.permissions);
  if not found then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return (select w.id from kernel.workspace w
    where w.slug = p_slug and w.closed_at is null and w.id <> '00000000-0000-0000-0000-000000000000');
end $$;
grant execute on function kernel.workspace_by_slug(text, text) to probity_app;

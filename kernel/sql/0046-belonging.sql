-- Where a person belongs, whatever state their workspaces are in: whose account it is to change or begin anew is no question
-- of whether another workspace is open today.
set local role probity_door;

create function kernel.belonging_of_user(p_secret text, p_user uuid) returns table (tenant_id uuid, membership_id uuid)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from kernel.system_credential c
  where c.secret_hash = sha256(convert_to(p_secret, 'UTF8')) and 'kernel.session.note' = any (c.permissions);
  if not found then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return query select m.tenant_id, m.id from kernel.membership m where m.user_id = p_user and m.deleted_at is null order by m.created_at;
end $$;
grant execute on function kernel.belonging_of_user(text, uuid) to probity_app;

-- What a session has proved, what each workspace asks for, and when a session ends there: the numbers that judge it, told to whom
-- they are applied.
set local role probity_door;

create or replace function kernel.session_standing(p_secret text)
returns table (session_id uuid, assurance smallint, second_factor boolean, workspaces jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select s.id, s.assurance, u.second_factor_at is not null, coalesce(jsonb_object_agg(
      w.id, jsonb_build_object('mfaRequired', w.mfa_required, 'frozen', w.frozen_at is not null,
        'idleMinutes', w.idle_minutes, 'absoluteHours', w.absolute_hours)) filter (where w.id is not null), '{}'::jsonb)
  from identity.session s
  join identity."user" u on u.id = s.user_id and u.disabled_at is null
  left join (kernel.membership m join kernel.workspace w on w.id = m.tenant_id and w.closed_at is null)
    on m.user_id = u.id and m.status = 'active' and m.deleted_at is null
  where s.token = encode(sha256(convert_to(p_secret, 'UTF8')), 'hex') and s.expires_at > now()
  group by s.id, s.assurance, u.second_factor_at
$$;

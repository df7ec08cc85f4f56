-- The log as outsiders read it: tiles (C2SP tlog-tiles), signed checkpoints, and one platform log whose leaves commit to the
-- checkpoints of a tick. One publisher at a time writes them; what it writes can be computed again from the leaves alone.
set local role probity_door;

-- The same placing with less work: one statement reads each leaf's time, id and actor from where its canonical form has them;
-- only a leaf of another shape is parsed. The advisory lock is the fence: a second sequencer gets 0 and tries again later.
create or replace function kernel.sequence(p_limit integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  moved integer;
begin
  if not pg_try_advisory_xact_lock(7071, 1) then
    return 0;
  end if;
  with taken as materialized (
    delete from kernel.ledger_inbox i
    where i.ctid = any (array(
      select w.ctid from kernel.ledger_inbox w
      where w.xid < pg_snapshot_xmin(pg_current_snapshot())
      order by w.xid, w.id limit p_limit))
    returning i.*
  ), counted as materialized (
    select tenant_id, count(*) as n from taken group by tenant_id
  ), grown as (
    insert into kernel.ledger_head as h (tenant_id, size)
    select tenant_id, n from counted
    on conflict (tenant_id) do update set size = h.size + excluded.size
    returning h.tenant_id, h.size
  ), placed as (
    insert into kernel.ledger_event (tenant_id, seq, leaf_id, leaf, leaf_hash, at, actor_id, action, record, row_id, version, outcome)
    select t.tenant_id,
      g.size - c.n + row_number() over (partition by t.tenant_id order by t.xid, t.id) - 1,
      case when p.plain then convert_from(substring(t.leaf from p.here + 40 for 36), 'UTF8') else convert_from(t.leaf, 'UTF8')::json ->> 'id' end::uuid,
      t.leaf, sha256('\x00'::bytea || t.leaf),
      case when p.plain then convert_from(substring(t.leaf from p.here + 8 for 24), 'UTF8') else convert_from(t.leaf, 'UTF8')::json ->> 'at' end::timestamptz,
      case when p.plain then convert_from(substring(t.leaf from p.here - 36 for 36), 'UTF8') else convert_from(t.leaf, 'UTF8')::json ->> 'actor' end::uuid,
      t.action, t.record, t.row_id, t.version,
      case when p.plain then 'done' else convert_from(t.leaf, 'UTF8')::json ->> 'outcome' end
    from taken t
    join grown g using (tenant_id)
    join counted c using (tenant_id)
    -- {"action":…,"actor":"36 bytes","at":"24 bytes","id":"36 bytes","outcome":"done"…: inside a JSON string a quotation mark
    -- is escaped, so that the first of these marks is the true one.
    cross join lateral (
      select h.here, substring(t.leaf from h.here + 32 for 8) = '","id":"'::bytea
        and substring(t.leaf from h.here + 76 for 18) = '","outcome":"done"'::bytea
        and position('\x5c'::bytea in substring(t.leaf from h.here + 8 for 24)) = 0 as plain
      from (select position('","at":"'::bytea in t.leaf) as here offset 0) h offset 0) p
    returning 1
  )
  select count(*) into moved from placed;
  return moved;
end $$;

create table kernel.ledger_log (
  tenant_id uuid primary key,
  origin text not null,
  epoch integer not null check (epoch > 0),
  size bigint not null check (size >= 0),
  root bytea not null check (length(root) = 32),
  frontier bytea not null check (length(frontier) % 32 = 0),
  note text not null,
  signed_at timestamptz not null,
  platform_index bigint,
  head_place integer,
  head_count integer,
  head_proof bytea,
  kept_at timestamptz not null
) with (fillfactor = 50);
comment on table kernel.ledger_log is 'the newest signed checkpoint of each log (tenant_id ffffffff-… is the platform''s), its right edge, and its place among the checkpoints of its tick';

create table kernel.ledger_checkpoint (
  tenant_id uuid not null,
  epoch integer not null,
  size bigint not null,
  origin text not null,
  note text not null,
  cosignatures text not null default '',
  signed_at timestamptz not null,
  platform_index bigint,
  head_place integer,
  head_count integer,
  head_proof bytea,
  primary key (tenant_id, epoch, size)
);
comment on table kernel.ledger_checkpoint is 'checkpoints that are kept: one in ten minutes of growth, and those that were sent outside';
create index ledger_checkpoint_platform on kernel.ledger_checkpoint (tenant_id, platform_index);

-- Full tiles only: they never change. What is not full yet lies in ledger_event (level 0) or in the roots below (level 1 up).
create table kernel.ledger_tile (
  tenant_id uuid not null,
  level smallint not null check (level between 0 and 7),
  index bigint not null check (index >= 0),
  hashes bytea not null check (length(hashes) = 8192),
  root bytea not null check (length(root) = 32),
  primary key (tenant_id, level, index)
);
alter table kernel.ledger_tile alter column hashes set storage external;

create table kernel.ledger_platform (
  index bigint primary key check (index >= 0),
  leaf bytea not null check (length(leaf) <= 1024),
  leaf_hash bytea not null
);
comment on table kernel.ledger_platform is 'leaves of the platform log: one a tick, committing to the tenant checkpoints that changed';

-- Who publishes. A new holder raises the fence; whoever held it before finds its writes refused.
create table kernel.ledger_publisher (
  only_row boolean primary key default true check (only_row),
  fence bigint not null default 0,
  holder text,
  host text,
  cluster text,
  public_key bytea check (length(public_key) = 32),
  condition text not null default 'never' check (condition in ('never', 'publishing', 'rolled_back', 'signer_away', 'damaged')),
  detail jsonb not null default '{}',
  changed_at timestamptz not null default clock_timestamp(),
  beat_at timestamptz
) with (fillfactor = 50);
insert into kernel.ledger_publisher default values;

alter table kernel.ledger_log enable row level security;
alter table kernel.ledger_checkpoint enable row level security;
alter table kernel.ledger_tile enable row level security;
create policy tenant on kernel.ledger_log for select to probity_app using (tenant_id = (select kernel.tenant()));
create policy tenant on kernel.ledger_checkpoint for select to probity_app using (tenant_id = (select kernel.tenant()));
create policy tenant on kernel.ledger_tile for select to probity_app using (tenant_id = (select kernel.tenant()));
grant select on kernel.ledger_log, kernel.ledger_checkpoint, kernel.ledger_tile to probity_app;
insert into kernel.exempt_table values
  ('kernel.ledger_log', 'signed checkpoints, written by the publisher''s functions alone; the application may only read its own tenant'),
  ('kernel.ledger_checkpoint', 'kept checkpoints, written by the publisher''s functions alone; the application may only read its own tenant'),
  ('kernel.ledger_tile', 'hashes of leaves, written by the publisher''s functions alone; the application may only read its own tenant');

-- The session lock ends with its connection; the fence ends what a holder that lost it still has under way. A database of
-- another cluster (a dump read back, an upgrade by copy) counts transactions anew: leaves that waited there are given the
-- number of this transaction, or they would wait for one that never comes.
create function kernel.ledger_acquire(p_holder text, p_host text)
returns table (fence bigint, host text, cluster text, cluster_before text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  here text;
  before text;
begin
  if not pg_try_advisory_lock(7071, 20) then
    return;
  end if;
  begin
    select system_identifier::text into here from pg_control_system();
  exception when insufficient_privilege then
    here := null;
  end;
  select p.cluster into before from kernel.ledger_publisher p for update;
  if here is not null and before is not null and here <> before then
    lock table kernel.ledger_inbox in access exclusive mode;
    update kernel.ledger_inbox set xid = pg_current_xact_id();
  end if;
  return query
    update kernel.ledger_publisher p
    set fence = p.fence + 1, holder = p_holder, host = coalesce(p.host, p_host), cluster = coalesce(here, p.cluster), beat_at = clock_timestamp()
    returning p.fence, p.host, p.cluster, before;
end $$;

create function kernel.ledger_fenced(p_fence bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from kernel.ledger_publisher p where p.fence = p_fence for share;
  if not found then
    raise exception 'another publisher has taken over' using errcode = 'PB409';
  end if;
end $$;

-- Sets what the pages, the doctor and the control read, and the heartbeat beside it; without a condition the heartbeat alone.
create function kernel.ledger_note_condition(p_fence bigint, p_condition text, p_detail jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update kernel.ledger_publisher p
  set condition = coalesce(p_condition, p.condition), detail = coalesce(p_detail, p.detail), beat_at = clock_timestamp(),
    changed_at = case when p_condition is null or p.condition = p_condition then p.changed_at else clock_timestamp() end
  where p.fence = p_fence;
  if not found then
    raise exception 'another publisher has taken over' using errcode = 'PB409';
  end if;
end $$;

-- The key the logs are signed with. Another one in its place is not taken up by itself: outsiders hold the first.
create function kernel.ledger_note_key(p_fence bigint, p_key bytea) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update kernel.ledger_publisher p set public_key = p_key
  where p.fence = p_fence and (p.public_key is null or p.public_key = p_key);
  return found;
end $$;

create function kernel.log_identity() returns table (host text, public_key bytea)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select p.host, p.public_key from kernel.ledger_publisher p where p.public_key is not null
$$;

-- Every log as it was published last: what is compared with the signer's memory at the start.
create function kernel.ledger_published(p_fence bigint)
returns table (log_id uuid, origin text, epoch integer, size bigint, root bytea, frontier bytea, note text, head bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return query
    select l.tenant_id, l.origin, l.epoch, l.size, l.root, l.frontier, l.note,
      case when l.tenant_id = 'ffffffff-ffff-ffff-ffff-ffffffffffff' then (select coalesce(max(f.index) + 1, 0) from kernel.ledger_platform f)
        else coalesce((select h.size from kernel.ledger_head h where h.tenant_id = l.tenant_id), 0) end
    from kernel.ledger_log l;
end $$;

-- Logs that have fewer leaves than were signed: somebody took them away while the server ran.
create function kernel.ledger_shrunk(p_fence bigint) returns table (log_id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select l.tenant_id from kernel.ledger_log l left join kernel.ledger_head h on h.tenant_id = l.tenant_id
  where l.tenant_id <> 'ffffffff-ffff-ffff-ffff-ffffffffffff' and l.size > coalesce(h.size, 0)
  union all
  select l.tenant_id from kernel.ledger_log l
  where l.tenant_id = 'ffffffff-ffff-ffff-ffff-ffffffffffff' and l.size > (select coalesce(max(f.index) + 1, 0) from kernel.ledger_platform f)
$$;

-- How many leaves of a log have their place. p_log is text: a signer may remember a log that no database has.
create function kernel.ledger_head_size(p_fence bigint, p_log text) returns bigint
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  if p_log = 'ffffffff-ffff-ffff-ffff-ffffffffffff' then
    return (select coalesce(max(f.index) + 1, 0) from kernel.ledger_platform f);
  end if;
  return coalesce((select h.size from kernel.ledger_head h where h.tenant_id::text = p_log), 0);
end $$;

-- The logs that grew, each with the leaf hashes that are new to it; of a log whose growth fills a tile of level 0, those of
-- the whole tile. p_leaves bounds what one answer carries, so that a log of years is taken up in pieces.
create function kernel.ledger_grown(p_fence bigint, p_leaves integer, p_halted uuid[])
returns table (log_id uuid, origin text, epoch integer, size bigint, root bytea, frontier bytea, head bigint, from_seq bigint, upto bigint, hashes bytea)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform kernel.ledger_fenced(p_fence);
  return query
    with grown as (
      select h.tenant_id, l.origin, coalesce(l.epoch, 1) as epoch, coalesce(l.size, 0) as size, l.root, coalesce(l.frontier, ''::bytea) as frontier, h.size as head
      from kernel.ledger_head h left join kernel.ledger_log l on l.tenant_id = h.tenant_id
      where h.size > coalesce(l.size, 0) and h.tenant_id <> all (p_halted)
      limit 5000
    ), cut as (
      select g.*, least(g.head, g.size + greatest(256, p_leaves / count(*) over ())) as upto from grown g
    ), spanned as (
      select c.*, case when c.upto / 256 > c.size / 256 then c.size / 256 * 256 else c.size end as from_leaf from cut c
    )
    select s.tenant_id, s.origin, s.epoch, s.size, s.root, s.frontier, s.head, s.from_leaf, s.upto,
      coalesce((select string_agg(x.leaf_hash, ''::bytea) from (
        select e.leaf_hash from kernel.ledger_event e
        where e.tenant_id = s.tenant_id and e.seq >= s.from_leaf and e.seq < s.upto order by e.seq) x), ''::bytea)
    from spanned s;
end $$;

-- Hashes of leaves [from, to) of a log, in order; fewer where some are missing.
create function kernel.ledger_leaf_hashes(p_log uuid, p_from bigint, p_to bigint) returns bytea
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(string_agg(x.leaf_hash, ''::bytea), ''::bytea) from (
    (select e.seq, e.leaf_hash from kernel.ledger_event e where e.tenant_id = p_log and e.seq >= p_from and e.seq < p_to
     union all
     select f.index, f.leaf_hash from kernel.ledger_platform f
     where p_log = 'ffffffff-ffff-ffff-ffff-ffffffffffff' and f.index >= p_from and f.index < p_to)
    order by 1) x
$$;

-- Roots of full tiles [from, to) of a level, in order: the hashes of the level above.
create function kernel.ledger_tile_roots(p_log uuid, p_level integer, p_from bigint, p_to bigint) returns bytea
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(string_agg(x.root, ''::bytea), ''::bytea) from (
    select t.root from kernel.ledger_tile t
    where t.tenant_id = p_log and t.level = p_level and t.index >= p_from and t.index < p_to order by t.index) x
$$;

-- The platform's leaf is there before anything that commits to it is signed.
create function kernel.ledger_append_platform(p_fence bigint, p_index bigint, p_leaf bytea) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform kernel.ledger_fenced(p_fence);
  if p_index <> (select coalesce(max(f.index) + 1, 0) from kernel.ledger_platform f) then
    raise exception 'the platform log has another size' using errcode = 'PB409';
  end if;
  insert into kernel.ledger_platform values (p_index, p_leaf, sha256('\x00'::bytea || p_leaf));
end $$;

-- One tick: signed checkpoints and new tiles, together. A log never shrinks here, and no tile is written twice.
create function kernel.ledger_publish(p_fence bigint, p_logs uuid[], p_origins text[], p_epochs integer[], p_sizes bigint[], p_roots bytea[],
  p_frontiers bytea[], p_notes text[], p_platform bigint[], p_places integer[], p_counts integer[], p_proofs bytea[],
  p_tile_logs uuid[], p_tile_levels integer[], p_tile_indexes bigint[], p_tile_hashes bytea[], p_tile_roots bytea[]) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  written integer;
begin
  perform kernel.ledger_fenced(p_fence);
  insert into kernel.ledger_tile (tenant_id, level, index, hashes, root)
  select * from unnest(p_tile_logs, p_tile_levels, p_tile_indexes, p_tile_hashes, p_tile_roots);
  with given as (
    select * from unnest(p_logs, p_origins, p_epochs, p_sizes, p_roots, p_frontiers, p_notes, p_platform, p_places, p_counts, p_proofs)
      as g (tenant_id, origin, epoch, size, root, frontier, note, platform_index, head_place, head_count, head_proof)
  ), stored as (
    insert into kernel.ledger_log as l (tenant_id, origin, epoch, size, root, frontier, note, signed_at, platform_index, head_place, head_count, head_proof, kept_at)
    select g.tenant_id, g.origin, g.epoch, g.size, g.root, g.frontier, g.note, clock_timestamp(), g.platform_index, g.head_place, g.head_count, g.head_proof, clock_timestamp()
    from given g
    on conflict (tenant_id) do update set size = excluded.size, root = excluded.root, frontier = excluded.frontier, note = excluded.note,
      signed_at = excluded.signed_at, platform_index = excluded.platform_index, head_place = excluded.head_place,
      head_count = excluded.head_count, head_proof = excluded.head_proof,
      kept_at = case when l.kept_at < excluded.kept_at - interval '10 minutes' then excluded.kept_at else l.kept_at end
    where l.size <= excluded.size and l.epoch = excluded.epoch and l.origin = excluded.origin
    returning l.*
  ), kept as (
    insert into kernel.ledger_checkpoint (tenant_id, epoch, size, origin, note, signed_at, platform_index, head_place, head_count, head_proof)
    select s.tenant_id, s.epoch, s.size, s.origin, s.note, s.signed_at, s.platform_index, s.head_place, s.head_count, s.head_proof
    from stored s where s.kept_at >= s.signed_at
    on conflict do nothing
  )
  select count(*) into written from stored;
  if written <> cardinality(p_logs) then
    raise exception 'a log would shrink or change its epoch' using errcode = 'PB409';
  end if;
  update kernel.ledger_publisher p set beat_at = clock_timestamp() where p.fence = p_fence;
end $$;

grant execute on function kernel.ledger_acquire(text, text), kernel.ledger_note_key(bigint, bytea), kernel.ledger_note_condition(bigint, text, jsonb), kernel.ledger_published(bigint), kernel.ledger_head_size(bigint, text), kernel.ledger_shrunk(bigint),
  kernel.ledger_grown(bigint, integer, uuid[]), kernel.ledger_leaf_hashes(uuid, bigint, bigint), kernel.ledger_tile_roots(uuid, integer, bigint, bigint),
  kernel.ledger_append_platform(bigint, bigint, bytea),
  kernel.ledger_publish(bigint, uuid[], text[], integer[], bigint[], bytea[], bytea[], text[], bigint[], integer[], integer[], bytea[], uuid[], integer[], bigint[], bytea[], bytea[])
  to probity_worker;

-- The platform log is everybody's to read: it tells how many logs grew when, and nothing of whose.
create function kernel.platform_checkpoint(p_cosigned boolean) returns table (origin text, epoch integer, size bigint, note text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  (select l.origin, l.epoch, l.size, l.note from kernel.ledger_log l
   where l.tenant_id = 'ffffffff-ffff-ffff-ffff-ffffffffffff' and l.size > 0 and not p_cosigned)
  union all
  (select c.origin, c.epoch, c.size, c.note || c.cosignatures from kernel.ledger_checkpoint c
   where c.tenant_id = 'ffffffff-ffff-ffff-ffff-ffffffffffff' and p_cosigned and c.cosignatures <> '' order by c.epoch desc, c.size desc limit 1)
$$;
create function kernel.platform_leaves(p_from bigint, p_to bigint) returns table (index bigint, leaf bytea, leaf_hash bytea)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select f.index, f.leaf, f.leaf_hash from kernel.ledger_platform f
  where f.index >= p_from and f.index < least(p_to, p_from + 256) order by f.index
$$;
create function kernel.platform_tiles(p_level integer, p_from bigint, p_to bigint) returns table (index bigint, hashes bytea, root bytea)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select t.index, case when p_to = p_from + 1 then t.hashes end, t.root from kernel.ledger_tile t
  where t.tenant_id = 'ffffffff-ffff-ffff-ffff-ffffffffffff' and t.level = p_level and t.index >= p_from and t.index < least(p_to, p_from + 256)
  order by t.index
$$;

-- What is sent outside is kept, with what witnesses write under it.
create function kernel.keep_platform_checkpoint() returns table (epoch integer, size bigint, note text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into kernel.ledger_checkpoint as c (tenant_id, epoch, size, origin, note, signed_at)
  select l.tenant_id, l.epoch, l.size, l.origin, l.note, l.signed_at from kernel.ledger_log l
  where l.tenant_id = 'ffffffff-ffff-ffff-ffff-ffffffffffff' and l.size > 0
  on conflict (tenant_id, epoch, size) do update set signed_at = c.signed_at
  returning c.epoch, c.size, c.note
$$;
create function kernel.add_cosignature(p_epoch integer, p_size bigint, p_line text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if p_line !~ '^— [^[:space:]+]+ [A-Za-z0-9+/]+=*\n$' then
    raise exception 'no signature line' using errcode = '22023';
  end if;
  update kernel.ledger_checkpoint c set cosignatures = c.cosignatures || p_line
  where c.tenant_id = 'ffffffff-ffff-ffff-ffff-ffffffffffff' and c.epoch = p_epoch and c.size = p_size
    and position(p_line in c.cosignatures) = 0 and length(c.cosignatures) < 16384;
end $$;

-- How the log stands: the pages, the doctor and the control read it. behind: leaves that have a place and no signed checkpoint.
create function kernel.ledger_condition()
returns table (condition text, detail jsonb, changed_at timestamptz, beat_ms double precision, waiting bigint, oldest_ms double precision,
  behind_logs bigint, behind_ms double precision)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select p.condition, p.detail, p.changed_at, extract(epoch from clock_timestamp() - p.beat_at) * 1000, g.waiting, g.oldest_ms, b.logs, b.ms
  from kernel.ledger_publisher p
  cross join kernel.ledger_lag() g
  cross join (
    select count(*) as logs, coalesce(max(extract(epoch from clock_timestamp() - e.at) * 1000), 0) as ms
    from kernel.ledger_head h
    left join kernel.ledger_log l on l.tenant_id = h.tenant_id
    left join kernel.ledger_event e on e.tenant_id = h.tenant_id and e.seq = coalesce(l.size, 0)
    where h.size > coalesce(l.size, 0)) b
$$;

grant execute on function kernel.platform_checkpoint(boolean), kernel.platform_leaves(bigint, bigint), kernel.platform_tiles(integer, bigint, bigint)
  to probity_app;
grant execute on function kernel.keep_platform_checkpoint(), kernel.ledger_condition(), kernel.log_identity() to probity_app, probity_worker;
grant execute on function kernel.add_cosignature(integer, bigint, text) to probity_worker;

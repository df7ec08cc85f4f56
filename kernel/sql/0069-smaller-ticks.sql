-- A tick takes up so many logs, those that waited longest first: an event then waits for the logs before it and its own tick,
-- and not for two ticks over all logs.
set local role probity_door;

drop function kernel.ledger_grown(bigint, integer, uuid[]);

-- The logs that grew, at most p_logs of them, those signed longest ago first, each with the leaf hashes that are new to it; of a
-- log whose growth fills a tile of level 0, those of the whole tile. p_leaves bounds what one answer carries, so that a log of
-- years is taken up in pieces. It only reads, so the fence is looked at and not locked: a lock is a transaction's number, and the
-- sequencer places nothing that was committed after one that is still open.
create function kernel.ledger_grown(p_fence bigint, p_leaves integer, p_logs integer, p_halted uuid[])
returns table (log_id uuid, origin text, epoch integer, size bigint, root bytea, frontier bytea, head bigint, from_seq bigint, upto bigint, hashes bytea)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from kernel.ledger_publisher p where p.fence = p_fence) then
    raise exception 'another publisher has taken over' using errcode = 'PB409';
  end if;
  return query
    with grown as (
      select h.tenant_id, l.origin, coalesce(l.epoch, 1) as epoch, coalesce(l.size, 0) as size, l.root, coalesce(l.frontier, ''::bytea) as frontier, h.size as head
      from kernel.ledger_head h left join kernel.ledger_log l on l.tenant_id = h.tenant_id
      where h.size > coalesce(l.size, 0) and h.tenant_id <> all (p_halted)
      order by l.signed_at nulls first
      limit p_logs
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
revoke all on function kernel.ledger_grown(bigint, integer, integer, uuid[]) from public;
grant execute on function kernel.ledger_grown(bigint, integer, integer, uuid[]) to probity_worker;

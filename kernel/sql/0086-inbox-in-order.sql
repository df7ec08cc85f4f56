-- What waits is read in the order in which it is placed, from the key's own index. A plan made for a table of that size read all
-- of it and sorted, ten times a second: rows of the other track, and those that were placed and not yet vacuumed, among them. An
-- index passes over what it once found dead.
set local role probity_door;

alter function kernel.place_leaves(integer, integer) set enable_seqscan = off;
alter function kernel.place_leaves(integer, integer) set enable_bitmapscan = off;

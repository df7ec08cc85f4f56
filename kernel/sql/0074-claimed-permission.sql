-- A row's trigger may go by what the binding says where kernel.stamp() has just proved it for that row: the proof takes a read and
-- a hash, which a file of 50,000 samples paid 100,000 times over.
set local role probity_door;

create function kernel.claimed_permission() returns text
language sql stable parallel restricted
return split_part(current_setting('kernel.binding', true), '|', 3);
comment on function kernel.claimed_permission() is 'what the binding says, unproved: only for triggers of a governed row that come after its stamp';
grant execute on function kernel.claimed_permission() to probity_app, probity_owner;

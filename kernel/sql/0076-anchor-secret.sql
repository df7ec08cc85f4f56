-- The secret that signs an anchor's webhook can be renewed, with an overlap in which the one before signs too. Both are sealed
-- values of the row's version.
set local role probity_owner;

alter table kernel.anchor_target
  add column previous_until timestamptz,
  add constraint overlap_of_webhook check (previous_until is null or kind = 'webhook');
comment on column kernel.anchor_target.previous_until is 'until when the secret before signs beside the one that replaced it';

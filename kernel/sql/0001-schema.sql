-- The rooms of the database. Who owns what is the first control: the runtime role owns nothing.
create schema kernel;
create schema identity;

revoke all on schema kernel, identity from public;
grant usage on schema kernel to probity_app, probity_across, probity_worker;
grant usage, create on schema kernel to probity_door;
grant usage on schema identity to probity_door, probity_identity;

alter default privileges revoke execute on functions from public;
set local role probity_door;
alter default privileges revoke execute on functions from public;

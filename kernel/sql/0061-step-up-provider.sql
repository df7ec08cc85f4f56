-- A fresh proof can come from the workspace's identity provider, for who has no other way to prove who they are.
set local role probity_owner;

alter table identity.step_up_grant drop constraint step_up_grant_method_check;
alter table identity.step_up_grant add constraint step_up_grant_method_check
  check (method in ('password', 'totp', 'passkey', 'provider'));

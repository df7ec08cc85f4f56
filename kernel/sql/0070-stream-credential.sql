-- What a stream proves itself by can be renewed: a webhook's secret, with an overlap in which the one before signs too, and
-- the certificate a syslog receiver knows it by. Secret and key are sealed values of the row's version.
set local role probity_owner;

alter table kernel.stream
  add column previous_until timestamptz,
  add column certificate text check (length(certificate) <= 20000),
  add constraint overlap_of_webhook check (previous_until is null or kind = 'webhook'),
  add constraint certificate_of_syslog check (certificate is null or kind = 'syslog');
comment on column kernel.stream.previous_until is 'until when the secret before signs beside the one that replaced it';
comment on column kernel.stream.certificate is 'PEM: the certificate shown to a syslog receiver, then those that lead to its authority';

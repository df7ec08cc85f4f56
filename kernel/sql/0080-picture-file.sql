-- Pictures and tables are kept too, beside the records of an app: what an instrument wrote and what somebody photographed.
set local role probity_owner;

alter table kernel.blob
  drop constraint blob_kind_check,
  add constraint blob_kind_check check (kind in ('pdf', 'docx', 'doc', 'txt', 'json', 'png', 'jpeg', 'csv'));

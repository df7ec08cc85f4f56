-- A name that is shown beside acts and signatures holds nothing that can't be seen or reorders what stands around it, whoever
-- wrote it: marks of direction, zero-width signs, line ends. Names that are there are not looked at again.
set local role probity_owner;

alter table kernel.membership add constraint name_is_plain
  check (name !~ '[\u0001-\u001F\u007F-\u009F\u00AD\u061C\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\u3164\uFEFF]') not valid;
alter table kernel.signer add constraint name_is_plain
  check (printed_name !~ '[\u0001-\u001F\u007F-\u009F\u00AD\u061C\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\u3164\uFEFF]') not valid;

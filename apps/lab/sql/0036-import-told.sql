-- What a file of results held: rows of samples, blanks, controls and duplicates, interim values, and what was skipped.
alter table lab.import_file add column told jsonb;
comment on column lab.import_file.told is 'how many rows of each kind a file of results held, and how many were skipped and why';

create or replace function lab.import_goes_on() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if (new.kind, new.file_name, new.sha256, new.encoding, new.delimiter, new.row_count, new.mapping, new.source, new.blob_id)
    is distinct from (old.kind, old.file_name, old.sha256, old.encoding, old.delimiter, old.row_count, old.mapping, old.source, old.blob_id) then
    raise exception 'a file is kept as it was sent' using errcode = 'PB422';
  end if;
  if old.state <> 'waiting' and (new.state, new.imported, new.error_count, new.errors, new.refusal, new.report_blob_id, new.job_id, new.told)
    is distinct from (old.state, old.imported, old.error_count, old.errors, old.refusal, old.report_blob_id, old.job_id, old.told) then
    raise exception 'what became of a file is said once' using errcode = 'PB422';
  end if;
  return null;
end $$;

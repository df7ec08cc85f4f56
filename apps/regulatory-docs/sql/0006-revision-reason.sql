-- A report is signed over documents as they are at that hour. From then on a document that was there changes for a reason
-- alone (SIG-06): by a new revision, another name or another collection. Deleting one asks for it in any case.
create function regulatory_docs.signed_since(p_collections uuid[], p_since timestamptz) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- Of the whole collection, whichever of its reports the caller sees: the owner of this is bound by the tenant alone.
  select exists (select from regulatory_docs.run r
    where r.tenant_id = kernel.tenant() and r.collection_id = any (p_collections) and r.deleted_at is null and r.locked_at >= p_since)
$$;
revoke all on function regulatory_docs.signed_since(uuid[], timestamptz) from public;
grant execute on function regulatory_docs.signed_since(uuid[], timestamptz) to probity_app;

create trigger reason_given_once_signed after update on regulatory_docs.document for each row
  when ((old.name, old.collection_id, old.current_revision) is distinct from (new.name, new.collection_id, new.current_revision)
    and regulatory_docs.signed_since(array[old.collection_id, new.collection_id], old.created_at))
  execute function kernel.reason_given();

-- What was uploaded stays what it is: a revision is read once, or refused, and becomes no other file.
create function regulatory_docs.revision_stays() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if (new.document_id, new.number, new.file_name, new.kind, new.bytes, new.sha256)
      is distinct from (old.document_id, old.number, old.file_name, old.kind, old.bytes, old.sha256)
    or new.kept_blob_id is not null and new.kept_blob_id is distinct from old.kept_blob_id
    or new.text_blob_id is not null and old.text_blob_id is not null and new.text_blob_id <> old.text_blob_id then
    raise exception 'a revision becomes no other file' using errcode = 'PB003';
  end if;
  return null;
end $$;
grant execute on function regulatory_docs.revision_stays() to probity_app;
create trigger revision_stays after update on regulatory_docs.revision for each row execute function regulatory_docs.revision_stays();

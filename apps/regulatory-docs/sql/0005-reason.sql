-- What a quality system stands on changes for a reason alone (SIG-06): the name of a collection and that it goes, that a
-- document goes, and a decision on a finding that stands. A first decision is none: an override brings its reason as it is.
create trigger reason_given after update on regulatory_docs.collection for each row
  when ((old.name, old.description, old.deleted_at) is distinct from (new.name, new.description, new.deleted_at))
  execute function kernel.reason_given();
create trigger reason_given after update on regulatory_docs.document for each row
  when (old.deleted_at is distinct from new.deleted_at) execute function kernel.reason_given();
create trigger reason_given after update on regulatory_docs.finding for each row
  when (old.decision is not null and (old.decision, old.decided_status, old.decided_by, old.decided_at)
    is distinct from (new.decision, new.decided_status, new.decided_by, new.decided_at))
  execute function kernel.reason_given();

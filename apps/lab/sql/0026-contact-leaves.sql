-- Whoever takes a contact off a customer ends the links to certificates that were sent to them, in the same transaction; they
-- send none by it (lab.delivery_rule leaves the end of a link as all that a change may set).
set local role probity_owner;
drop trigger entered_for on lab.delivery;
create trigger entered_for before insert or update on lab.delivery for each statement
  execute function kernel.entered_for('lab.certificate.send', 'lab.customer.change', 'lab.history.load');
create trigger sent_for before insert on lab.delivery for each statement
  execute function kernel.entered_for('lab.certificate.send', 'lab.history.load');
create index delivery_of_contact on lab.delivery (tenant_id, contact_id) where contact_id is not null and revoked_at is null;

-- What was recorded stays where it was recorded, and is written by transactions that were entered for it, whatever statement
-- is sent: limits and methods are made by who keeps them, and nothing that results rest on is taken out of sight.
create function lab.never_deleted() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  raise exception 'what was recorded is kept' using errcode = 'PB422';
end $$;

do $$
declare
  kept text;
begin
  foreach kept in array array['method_version', 'specification_version', 'master_approval', 'import_file', 'sample', 'blind', 'custody', 'worksheet',
    'result', 'unlock', 'verification', 'publication', 'investigation', 'setting', 'gate_override', 'instrument', 'instrument_event', 'lot', 'lot_event',
    'consumption', 'setup', 'setup_item', 'training', 'rule_set', 'control_chart', 'chart_limit', 'control_point', 'control_evaluation', 'control_note',
    'uncertainty_budget', 'schedule_version', 'schedule_slot', 'study', 'study_protocol', 'study_batch', 'study_storage', 'study_pull', 'study_evaluation',
    'certificate_template', 'certificate', 'certificate_file', 'delivery', 'trail_review', 'trail_mark', 'customer']
  loop
    execute format('create trigger never_deleted before insert or update of deleted_at on lab.%I for each row
      when (new.deleted_at is not null) execute function lab.never_deleted()', kept);
  end loop;
end $$;

-- The function is the kernel's; each table names the permissions that write it.
create trigger entered_for before insert or update on lab.product for each statement
  execute function kernel.entered_for('lab.master.change', 'lab.sample.register', 'lab.history.load');
do $$
declare
  place record;
begin
  for place in select * from (values
    ('method', '''lab.master.change'', ''lab.history.load'''),
    ('method_version', '''lab.master.change'', ''lab.history.load'''),
    ('specification', '''lab.master.change'', ''lab.history.load'''),
    ('specification_version', '''lab.master.change'', ''lab.history.load'''),
    ('sampling_point', '''lab.master.change'', ''lab.history.load'''),
    ('material', '''lab.master.change'', ''lab.history.load'''),
    ('numbering', '''lab.master.change'', ''lab.history.load'''),
    ('rule_set', '''lab.chart.approve'', ''lab.history.load'''),
    ('customer', '''lab.customer.change'', ''lab.history.load'''),
    ('contact', '''lab.customer.change'', ''kernel.people.change'', ''lab.history.load'''),
    ('certificate_template', '''lab.template.change'', ''lab.history.load'''),
    ('publication', '''lab.sample.publish'', ''lab.history.load'''),
    ('unlock', '''lab.sample.unlock'', ''lab.history.load'''),
    ('delivery', '''lab.certificate.send'', ''lab.history.load''')) as t (name, permissions)
  loop
    execute format('create trigger entered_for before insert or update on lab.%I for each statement execute function kernel.entered_for(%s)',
      place.name, place.permissions);
  end loop;
end $$;

-- A result is put on a worksheet while it is empty: later, another run's controls would answer for it. And who entered it from
-- where is written with its value.
create function lab.result_stays() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if new.worksheet_id is distinct from old.worksheet_id and (old.state <> 'open' or kernel.bound_permission() not in ('lab.worksheet.change', 'lab.history.load')) then
    raise exception 'a result stays on the worksheet it was entered on' using errcode = 'PB422';
  end if;
  if (new.entered_name, new.source, new.import_id) is distinct from (old.entered_name, old.source, old.import_id)
    and (new.text, new.interim) is not distinct from (old.text, old.interim) then
    raise exception 'who entered a result is written with its value' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger result_stays after update on lab.result for each row
  when ((new.worksheet_id, new.entered_name, new.source, new.import_id) is distinct from (old.worksheet_id, old.entered_name, old.source, old.import_id))
  execute function lab.result_stays();

-- An answer may hold what is shown once, such as a link: it is kept sealed under the workspace's key. Those that were kept in
-- clear go; whoever sends such a request again is told so.
truncate lab.kept_answer;
alter table lab.kept_answer drop column value, add column sealed text not null;

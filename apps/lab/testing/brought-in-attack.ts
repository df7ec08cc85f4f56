import { known } from "./rule.ts";
import { set, type Attack } from "./rule-attack.ts";

const load = "lab.history.load";
/** A row like one that is there, but for what is named. */
const like =
  (table: string, of: () => string, columns: Readonly<Record<string, string>>, keep: readonly string[] = []) =>
  (id: string): string => {
    const all = {
      tenant_id: "tenant_id",
      id: `'${id}'`,
      ...Object.fromEntries(keep.map((name) => [name, name])),
      ...columns,
    };
    return `insert into ${table} (${Object.keys(all).join(", ")}) select ${Object.values(all).join(", ")} from ${table} where ${of()}`;
  };
const resultOf = (sample: () => string) => () =>
  `id = (select id from lab.result where sample_id = '${sample()}' and analyte = 'ph' limit 1)`;
const result = (from: () => string, columns: () => Readonly<Record<string, string>>) => (id: string) =>
  like(
    "lab.result",
    resultOf(from),
    { state: "'verified'", text: "'6.1'", number: "6.1", verdict: "'in'", attempt: "attempt + 1", ...columns() },
    ["sample_id", "method_version_id", "kind", "analyte", "name", "unit", "entered_name", "entered_at"],
  )(id);
/** A certificate of some sample, as issued elsewhere: its number, its publication and who signed it there. */
const certificate = (sample: () => string, at: string, statedAt: string) => (id: string) =>
  `insert into lab.certificate (tenant_id, id, series, sequence, number, sample_id, publication_id, template_id, content, locked_at, stated_at)
    select c.tenant_id, '${id}', 'B', 9000, 'B-1', p.sample_id, p.id, c.template_id,
      c.content || jsonb_build_object('number', 'B-1', 'evaluations', p.evaluations, 'stated', jsonb_build_object('by', 'A. Nother', 'role', 'Head', 'at', '${at}')),
      ${statedAt}, ${statedAt}
    from lab.certificate c, lab.publication p where c.id = '${known.draft}' and p.sample_id = '${sample()}'`;
const late = /brought in to what was brought in itself/;

/** What who may bring history in does not bring in. */
export const broughtIn: readonly Attack[] = [
  {
    of: "a verified value put to a sample of this laboratory",
    may: load,
    record: "lab.result",
    text: result(
      () => known.raw,
      () => ({}),
    ),
    refuses: late,
  },
  {
    of: "a value of this laboratory written over",
    may: load,
    record: "lab.result",
    id: () => known.rawResult,
    text: set("lab.result", "text = '6.1', number = 6.1, reason = 'x'"),
    refuses: /nothing that was made here/,
  },
  {
    of: "a sample of this laboratory moved on",
    may: load,
    record: "lab.sample",
    id: () => known.raw,
    text: set("lab.sample", "place = 'x'"),
    refuses: /nothing that was made here/,
  },
  {
    of: "a verification by a member of this laboratory",
    may: load,
    record: "lab.result",
    text: result(
      () => known.brought,
      () => ({
        verified_at: "now() - interval '1 day'",
        verified_by: "(select created_by from lab.sample limit 1)",
        verified_name: "'A'",
      }),
    ),
    refuses: /verified by nobody of this instance/,
  },
  {
    of: "a verification that is still to come",
    may: load,
    record: "lab.result",
    text: result(
      () => known.brought,
      () => ({ verified_at: "now() + interval '1 day'", verified_name: "'A'" }),
    ),
    refuses: /was done before/,
  },
  {
    of: "a sample that is still to be told of",
    may: load,
    record: "lab.sample",
    text: like(
      "lab.sample",
      () => `id = '${known.brought}'`,
      { series: "'C'", sequence: "2", number: "'C-2'", published_at: "now() + interval '1 day'", find: "'c-2'" },
      ["product_id", "specification_version_id", "priority", "state", "verdict"],
    ),
    refuses: /was done before/,
  },
  {
    of: "an investigation of this laboratory, concluded elsewhere",
    may: load,
    record: "lab.investigation",
    text: (id) =>
      `insert into lab.investigation (tenant_id, id, series, sequence, number, sample_id, result_id, state, stated_at, stated_name, conclusion)
        select tenant_id, '${id}', 'O', 9000, 'O-1', sample_id, id, 'concluded', now() - interval '1 day', 'A', 'laboratory-error'
        from lab.result where id = '${known.rawResult}'`,
    refuses: late,
  },
  {
    of: "an investigation of another's value, beside a sample that was brought in",
    may: load,
    record: "lab.investigation",
    text: (id) =>
      `insert into lab.investigation (tenant_id, id, series, sequence, number, sample_id, result_id, state, conclusion)
        select tenant_id, '${id}', 'O', 9000, 'O-1', '${known.brought}', id, 'concluded', 'laboratory-error' from lab.result where id = '${known.rawResult}'`,
    refuses: late,
  },
  {
    of: "a publication of a sample of this laboratory",
    may: load,
    record: "lab.publication",
    text: like(
      "lab.publication",
      () => `sample_id = '${known.free}'`,
      { number: "9", stated_at: "now() - interval '1 year'" },
      ["sample_id", "evaluations", "publisher"],
    ),
    refuses: late,
  },
  {
    of: "an unlock of a sample of this laboratory",
    may: load,
    record: "lab.unlock",
    text: (id) =>
      `insert into lab.unlock (tenant_id, id, sample_id, reason, stated_at) select tenant_id, '${id}', id, 'x', now() - interval '1 day' from lab.sample where id = '${known.free}'`,
    refuses: late,
  },
  {
    of: "an override of a value of this laboratory, decided elsewhere",
    may: load,
    record: "lab.gate_override",
    text: (id) =>
      `insert into lab.gate_override (tenant_id, id, result_id, gate, holds, said, value, entered_at, reason, state, asked_name, decided_name, decided_at, decided_reason, stated_at)
        select tenant_id, '${id}', id, 'training', '["x"]', 'x', text, entered_at, 'x', 'confirmed', 'A', 'B', now(), 'x', entered_at from lab.result where id = '${known.rawResult}'`,
    refuses: /of a result that was verified there/,
  },
  {
    of: "a certificate of a sample of this laboratory, beside the one that was signed",
    may: load,
    record: "lab.certificate",
    text: (id) => certificate(() => known.certified, "2026-01-05T10:00:00Z", "timestamptz '2026-01-05T10:00:00Z'")(id),
    refuses: /before any that is made here/,
  },
  {
    of: "a certificate of a sample of this laboratory",
    may: load,
    record: "lab.certificate",
    text: (id) => certificate(() => known.free, "2026-01-05T10:00:00Z", "timestamptz '2026-01-05T10:00:00Z'")(id),
    refuses: /with its sample and who signed it there/,
  },
  {
    of: "a certificate that says two times of its issue",
    may: load,
    record: "lab.certificate",
    text: (id) => certificate(() => known.brought, "2026-01-05T10:00:00Z", "timestamptz '2025-01-05T10:00:00Z'")(id),
    refuses: /says when it was issued there/,
  },
  {
    of: "a certificate that says that it was signed elsewhere, prepared here",
    may: "lab.certificate.prepare",
    record: "lab.certificate",
    text: (id) => certificate(() => known.free, "2026-01-05T10:00:00Z", "null::timestamptz")(id),
    refuses: /made here is signed here/,
  },
  {
    of: "an approval of one's own version",
    may: load,
    record: "lab.master_approval",
    text: (id) =>
      `insert into lab.master_approval (tenant_id, id, method_version_id, decision, reason, approver) select tenant_id, '${id}', id, 'approved', 'x', 'Somebody else' from lab.method_version limit 1`,
    refuses: /approved by another/,
  },
];

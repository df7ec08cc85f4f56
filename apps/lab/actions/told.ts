import { sql } from "kysely";
import type { Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { gates } from "./gate.ts";

/** How each kind of subject is called, by its id. */
const names = {
  sample: (id: string) => sql<Named>`select 'sample ' || s.number as told from lab.sample s where s.id = ${id}`,
  worksheet: (id: string) => sql<Named>`
    select 'worksheet ' || w.number || ', ' || w.title as told from lab.worksheet w where w.id = ${id}`,
  limits: (id: string) => sql<Named>`
    select 'limits v' || l.number || ' of ' || c.material || ', lot ' || c.lot as told
    from lab.chart_limit l join lab.control_chart c on c.tenant_id = l.tenant_id and c.id = l.chart_id where l.id = ${id}`,
  budget: (id: string) => sql<Named>`
    select 'uncertainty budget v' || b.number || ' of ' || b.analyte || ', ' || m.code || ' v' || v.number as told
    from lab.uncertainty_budget b join lab.method_version v on v.tenant_id = b.tenant_id and v.id = b.method_version_id
      join lab.method m on m.tenant_id = v.tenant_id and m.id = v.method_id where b.id = ${id}`,
  method: (id: string) => sql<Named>`
    select 'version ' || v.number || ' of ' || m.code || ' ' || m.title as told
    from lab.method_version v join lab.method m on m.tenant_id = v.tenant_id and m.id = v.method_id where v.id = ${id}`,
  specification: (id: string) => sql<Named>`
    select 'version ' || v.number || ' of ' || s.code || ' ' || s.title as told
    from lab.specification_version v join lab.specification s on s.tenant_id = v.tenant_id and s.id = v.specification_id
    where v.id = ${id}`,
  protocol: (id: string) => sql<Named>`
    select 'protocol v' || p.number || ' of ' || s.number || ' ' || s.title as told
    from lab.study_protocol p join lab.study s on s.tenant_id = p.tenant_id and s.id = p.study_id where p.id = ${id}`,
} as const;
type Named = { told: string };

/**
 * What the subject of an act is called, so that whoever confirms it reads what it is. Nothing where there is none of this id:
 * the act itself refuses.
 */
export async function toldOf(tx: Tx, kind: keyof typeof names, id: string): Promise<{ told?: string }> {
  const statement = names[kind](id);
  const [row] = await tx.all({ compile: () => statement.compile(query) });
  return row === undefined ? {} : { told: row.told };
}

/** "3 results that Quality control holds (S-26-00042)". */
export async function toldOverrides(tx: Tx, ids: readonly string[]): Promise<{ told?: string }> {
  const rows = await tx.all(
    query
      .selectFrom("lab.gate_override as o")
      .innerJoin("lab.result as r", "r.id", "o.result_id")
      .leftJoin("lab.sample as s", "s.id", "r.sample_id")
      .select(["o.gate", "r.name", "s.number"])
      .where("o.id", "in", [...ids])
      .orderBy("s.number"),
  );
  const [first] = rows;
  if (first === undefined) return {};
  const title = gates.find((each) => each.name === first.gate)?.title ?? first.gate;
  const samples = [...new Set(rows.flatMap((row) => row.number ?? []))];
  const of = samples.length === 0 ? "" : ` of ${samples.slice(0, 3).join(", ")}${samples.length > 3 ? " …" : ""}`;
  const what = rows.length === 1 ? `the result ${first.name}` : `${rows.length} results`;
  return { told: `${what}${of}, held by “${title}”,` };
}

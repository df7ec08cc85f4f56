import { sql } from "kysely";
import type { Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { readSample } from "./sample-view.ts";
import { verificationsOver } from "./verification-view.ts";

/** What a sample came from and what became of it: one thing a node, in columns from origin to certificate. */
export type Node = {
  readonly id: string;
  readonly kind:
    | "study"
    | "schedule"
    | "file"
    | "sample"
    | "worksheet"
    | "instrument"
    | "lot"
    | "result"
    | "investigation"
    | "verification"
    | "publication"
    | "certificate";
  readonly title: string;
  readonly detail: string;
  readonly state: string | null;
  /** Of the page it has; the node's own id but for results, which open on their sample. */
  readonly opens: string | null;
};
export type Edge = { readonly from: string; readonly to: string; readonly words: string };

/** The family of a sample, whole: nothing that was determined, repeated or told of it is left out. */
export async function genealogyOf(tx: Tx, id: string): Promise<{ nodes: Node[]; edges: Edge[] }> {
  const sample = await readSample(tx, id);
  const nodes: Node[] = [];
  const edges: Edge[] = [];
  const seen = new Set<string>();
  const put = (node: Node) => {
    if (seen.has(node.id)) return;
    seen.add(node.id);
    nodes.push(node);
  };
  const link = (from: string, to: string, words: string) => edges.push({ from, to, words });

  // 1. What it came from.
  for (const origin of await originsOf(tx, id)) {
    put({ ...origin, opens: origin.kind === "file" ? null : origin.opens });
    link(origin.id, id, origin.words);
  }
  put({
    id,
    kind: "sample",
    title: sample.number,
    detail: [sample.product, sample.lot].filter((each) => each !== null).join(", "),
    state: sample.state,
    opens: id,
  });

  // 2. What was determined, on which worksheet, from which file; repeats beside what they repeat.
  const results = await tx.all(
    query
      .selectFrom("lab.result as r")
      .leftJoin("lab.worksheet as w", "w.id", "r.worksheet_id")
      .leftJoin("lab.import_file as f", "f.id", "r.import_id")
      .select([
        "r.id",
        "r.name",
        "r.unit",
        "r.text",
        "r.kind",
        "r.state",
        "r.verdict",
        "r.attempt",
        "r.replaces_id",
        "r.worksheet_id",
        "w.number as worksheet",
        "w.state as worksheetState",
        "r.import_id",
        "f.file_name as file",
      ])
      .where("r.sample_id", "=", id)
      .where("r.deleted_at", "is", null)
      .orderBy("r.id"),
  );
  for (const row of results) {
    const again = row.attempt > 1 ? `, attempt ${row.attempt}` : "";
    put({
      id: row.id,
      kind: "result",
      title: `${row.name}${row.kind === "duplicate" ? ", duplicate" : again}`,
      detail: row.text === null ? "open" : `${row.text} ${row.unit}`.trim(),
      state: row.verdict ?? row.state,
      opens: id,
    });
    link(row.replaces_id ?? id, row.id, row.replaces_id === null ? "tested for" : "retested as");
    if (row.worksheet_id !== null) {
      put({
        id: row.worksheet_id,
        kind: "worksheet",
        title: row.worksheet ?? "Worksheet",
        detail: "determined on",
        state: row.worksheetState,
        opens: row.worksheet_id,
      });
      link(row.worksheet_id, row.id, "determined on");
    }
    if (row.import_id !== null) {
      put({
        id: row.import_id,
        kind: "file",
        title: row.file ?? "File",
        detail: "read from",
        state: null,
        opens: null,
      });
      link(row.import_id, row.id, "read from");
    }
  }

  for (const row of await usedFor(tx, id)) {
    put({ id: row.id, kind: row.kind, title: row.title, detail: row.detail, state: null, opens: row.id });
    link(row.id, row.resultId, "made with");
  }

  // 3. What followed: investigations, signatures, publications, certificates.
  const investigations = await tx.all(
    query
      .selectFrom("lab.investigation")
      .select(["id", "number", "state", "result_id", "conclusion"])
      .where("sample_id", "=", id)
      .orderBy("id"),
  );
  for (const row of investigations) {
    put({
      id: row.id,
      kind: "investigation",
      title: row.number,
      detail: row.conclusion ?? "not concluded",
      state: row.state,
      opens: row.id,
    });
    link(row.result_id, row.id, "investigated in");
  }
  for (const row of await verificationsOver(tx, { sampleId: id })) {
    put({
      id: row.id,
      kind: "verification",
      title: row.signature === null ? "Verified" : "Signed",
      detail: `${row.by ?? ""}, ${row.at.toISOString().slice(0, 16).replace("T", " ")}`,
      state: row.standing === 0 ? "superseded" : "standing",
      opens: id,
    });
    link(id, row.id, `verified ${row.results} results`);
  }
  const told = await tx.all(
    query
      .selectFrom("lab.publication")
      .select(["id", "number", "publisher", "created_at"])
      .where("sample_id", "=", id)
      .orderBy("number"),
  );
  for (const [index, row] of told.entries()) {
    put({
      id: row.id,
      kind: "publication",
      title: `Publication ${row.number}`,
      detail: row.publisher,
      state: index === told.length - 1 ? "standing" : "superseded",
      opens: id,
    });
    link(id, row.id, "published as");
  }
  const certificates = await tx.all(
    query
      .selectFrom("lab.certificate")
      .select(["id", "number", "publication_id", "supersedes_id", sql<boolean>`locked_at is not null`.as("signed")])
      .where("sample_id", "=", id)
      .where("deleted_at", "is", null)
      .orderBy("id"),
  );
  for (const row of certificates) {
    put({
      id: row.id,
      kind: "certificate",
      title: row.number,
      detail: row.signed === true ? "signed" : "draft",
      state: certificates.some((each) => each.supersedes_id === row.id) ? "superseded" : "standing",
      opens: row.id,
    });
    link(row.publication_id, row.id, "certified as");
    if (row.supersedes_id !== null) link(row.supersedes_id, row.id, "superseded by");
  }
  return { nodes, edges };
}

/** Instruments and lots, as each result keeps its own set. */
async function usedFor(tx: Tx, sampleId: string) {
  return tx.all(
    query
      .selectFrom("lab.result as r")
      .innerJoin("lab.setup_item as t", (join) =>
        join.onRef("t.tenant_id", "=", "r.tenant_id").onRef("t.setup_id", "=", "r.setup_id"),
      )
      .leftJoin("lab.instrument as i", "i.id", "t.instrument_id")
      .leftJoin("lab.lot as l", "l.id", "t.lot_id")
      .leftJoin("lab.material as m", "m.id", "l.material_id")
      .select([
        "r.id as resultId",
        sql<"instrument" | "lot">`case when i.id is null then 'lot' else 'instrument' end`.as("kind"),
        sql<string>`coalesce(i.id, l.id)`.as("id"),
        sql<string>`coalesce(i.number, l.number)`.as("title"),
        sql<string>`coalesce(i.name, m.name)`.as("detail"),
      ])
      .where("r.sample_id", "=", sampleId)
      .where("r.deleted_at", "is", null)
      .orderBy("r.id")
      .orderBy("t.id"),
  );
}

type Origin = {
  id: string;
  kind: "study" | "schedule" | "file";
  title: string;
  detail: string;
  state: string | null;
  opens: string;
  words: string;
};

/** Study and pull, schedule, or file: what registered the sample. */
async function originsOf(tx: Tx, id: string): Promise<Origin[]> {
  const read = sql<Origin>`
    select y.id, 'study' as kind, y.number as title, y.title || ', batch ' || b.lot || ', ' || g.condition || ', ' || p.months || ' months' as detail,
      p.state, y.id as opens, 'pulled for' as words
    from lab.study_pull p join lab.study_storage g on g.tenant_id = p.tenant_id and g.id = p.storage_id
    join lab.study_batch b on b.tenant_id = g.tenant_id and b.id = g.batch_id
    join lab.study y on y.tenant_id = b.tenant_id and y.id = b.study_id
    where p.sample_id = ${id}
    union all
    select k.id, 'schedule', 'Scheduled ' || k.slot_on::text, 'registered by a schedule', k.outcome, k.schedule_id, 'registered by'
    from lab.schedule_slot k where k.sample_id = ${id}
    union all
    select f.id, 'file', f.file_name, 'sha-256 ' || left(f.sha256, 12) || '…', null, f.id, 'read from'
    from lab.sample s join lab.import_file f on f.tenant_id = s.tenant_id and f.id = s.import_id where s.id = ${id}`;
  return tx.all({ compile: () => read.compile(query) });
}

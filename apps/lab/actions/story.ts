import { doorProblem, memberNames, type Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { methodVersions, specificationVersions } from "./frozen.ts";
import { noticesOf } from "./notice.ts";
import { limitOf, presentResult, resultColumns } from "./present.ts";

type HistoryRow = { version: number; at: Date; actor_id: string; body: Record<string, unknown>; seq: string | null };

/** One version of a result, told as an act. */
export type StoryStep = {
  version: number;
  at: Date;
  by: string;
  act: "ordered" | "placed" | "entered" | "changed" | "verified" | "unlocked" | "retested" | "cancelled" | "brought in";
  text: string | null;
  before: string | null;
  interim: unknown;
  reason: string | null;
  source: string | null;
  leaf: number | null;
};

/**
 * A result from its order to now, from the versions the database kept: attributable, contemporaneous, original. The first
 * value ever entered is told apart; a retest names what it repeats and what repeats it.
 */
export async function storyOf(tx: Tx, id: string) {
  const row = await tx.first(
    query
      .selectFrom("lab.result as r")
      .leftJoin("lab.sample as s", "s.id", "r.sample_id")
      .leftJoin("lab.worksheet as w", "w.id", "r.worksheet_id")
      .leftJoin("lab.import_file as i", "i.id", "r.import_id")
      .select([
        ...resultColumns,
        "s.number as sample",
        "s.specification_version_id",
        "w.number as worksheet",
        "i.file_name as fileName",
        "i.sha256 as fileHash",
        "i.encoding as fileEncoding",
      ])
      .where("r.id", "=", id)
      .where("r.deleted_at", "is", null),
  );
  if (!row) throw doorProblem.not_found();
  const versions = await tx.all(historyOf(id));
  const names = await memberNames(tx);
  const method = (await methodVersions(tx, [row.method_version_id])).get(row.method_version_id);
  if (method === undefined) throw doorProblem.not_found();
  const specification =
    row.specification_version_id === null
      ? undefined
      : (await specificationVersions(tx, [row.specification_version_id])).get(row.specification_version_id);
  const attempts = await tx.all(
    query
      .selectFrom("lab.result")
      .select(["id", "attempt", "text", "state", "verdict", "reason"])
      .where("sample_id", "=", row.sample_id)
      .where("method_version_id", "=", row.method_version_id)
      .where("analyte", "=", row.analyte)
      .where("kind", "=", row.kind)
      .orderBy("attempt"),
  );
  const steps = versions.map((version, index) => stepOf(version, versions[index - 1], names));
  const original = steps.find((step) => step.text !== null);
  return {
    ...presentResult(row, method, limitOf(row, method, specification)),
    sample: row.sample,
    sampleId: row.sample_id,
    worksheet: row.worksheet,
    file: row.fileName === null ? null : { name: row.fileName, sha256: row.fileHash, encoding: row.fileEncoding },
    original: original === undefined ? null : { text: original.text, by: original.by, at: original.at },
    attempts,
    notices: await tx.all(noticesOf({ resultId: id })),
    versions: steps,
  };
}

function stepOf(now: HistoryRow, before: HistoryRow | undefined, names: ReadonlyMap<string, string>): StoryStep {
  const text = word(now.body["text"]);
  const was = before === undefined ? null : word(before.body["text"]);
  const changed = text !== was || JSON.stringify(now.body["interim"]) !== JSON.stringify(before?.body["interim"]);
  const brought = now.body["brought_in"] === true;
  return {
    version: now.version,
    at: now.at,
    by: names.get(now.actor_id) ?? "Probity",
    act: actOf(now, before, changed, brought),
    text,
    before: was,
    interim: now.body["interim"] ?? null,
    reason: word(now.body["reason"]),
    source: word(now.body["source"]),
    leaf: now.seq === null ? null : Number(now.seq),
  };
}

function actOf(now: HistoryRow, before: HistoryRow | undefined, changed: boolean, brought: boolean): StoryStep["act"] {
  if (before === undefined) return brought ? "brought in" : "ordered";
  const [from, to] = [before.body["state"], now.body["state"]];
  if (from === to) return changed ? "changed" : "placed";
  if (to === "verified") return "verified";
  if (to === "retested") return "retested";
  if (to === "cancelled") return "cancelled";
  return from === "verified" ? "unlocked" : "entered";
}

function historyOf(id: string) {
  return query
    .selectFrom("kernel.version_history as h")
    .leftJoin("kernel.ledger_event as e", (join) =>
      join
        .onRef("e.tenant_id", "=", "h.tenant_id")
        .onRef("e.row_id", "=", "h.row_id")
        .onRef("e.version", "=", "h.version"),
    )
    .select(["h.version", "h.at", "h.actor_id", "h.body", "e.seq"])
    .where("h.record", "=", "lab.result")
    .where("h.row_id", "=", id)
    .orderBy("h.version");
}

function word(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { doorProblem, type Tx } from "@probity/kernel";
import { insertAll, updateAll } from "../bulk.ts";
import { problem as labProblem } from "../errors.ts";
import { query } from "../query.ts";
import { instrumentProblem as problem } from "./instrument-error.ts";
import { printedName } from "./investigation-step.ts";

type Named = { readonly instrumentIds: readonly string[]; readonly lotIds: readonly string[] };

/** Names what the results of a worksheet are made with from now on. Results that are entered keep what they were entered with. */
export async function nameForWorksheet(
  tx: Tx,
  worksheetId: string,
  named: Named & { readonly basedOn: number },
): Promise<{ id: string; number: number }> {
  const sheet = await tx.first(
    query
      .selectFrom("lab.worksheet")
      .select(["id", "number", "state"])
      .where("id", "=", worksheetId)
      .where("deleted_at", "is", null)
      .forUpdate(),
  );
  if (!sheet) throw doorProblem.not_found();
  if (sheet.state !== "open")
    throw labProblem.wrong_state({
      values: { number: sheet.number, state: "verified", next: "Make another worksheet." },
    });
  const last = await tx.first(
    query
      .selectFrom("lab.setup")
      .select(["number", "by_name"])
      .where("worksheet_id", "=", worksheetId)
      .orderBy("number", "desc")
      .limit(1),
  );
  if ((last?.number ?? 0) !== named.basedOn)
    throw problem.setup_moved({ values: { who: last?.by_name ?? "Somebody" } });
  const number = named.basedOn + 1;
  return { id: await makeSetup(tx, { worksheetId, number, reason: null, ...named }), number };
}

/**
 * Says what single results were made with: open ones that stand on no worksheet, or entered ones again, with the reason. Who
 * corrects it verifies none of them.
 */
export async function nameForResults(
  tx: Tx,
  named: Named & { readonly rows: readonly { id: string; version: number }[]; readonly reason: string | null },
): Promise<number> {
  const wanted = new Map(named.rows.map((row) => [row.id, row.version]));
  const rows = await tx.all(
    query
      .selectFrom("lab.result")
      .select(["id", "version", "state", "name"])
      .where("id", "in", [...wanted.keys()])
      .where("deleted_at", "is", null)
      .forUpdate(),
  );
  if (rows.length !== wanted.size) throw doorProblem.not_found();
  for (const row of rows) {
    const given = wanted.get(row.id) ?? 0;
    if (row.version !== given) throw doorProblem.stale({ values: { current: row.version, given } });
    if (row.state !== "open" && row.state !== "entered")
      throw labProblem.result_locked({ values: { number: row.name, state: row.state } });
    if (row.state === "entered" && named.reason === null) throw problem.setup_reason();
  }
  const id = await makeSetup(tx, { worksheetId: null, number: 1, ...named });
  return updateAll(
    tx,
    "lab.result",
    "lab.result.made_with",
    rows.map((row) => ({
      row: { id: row.id, version: row.version, setup_id: id },
      fields: { setup: id, instruments: named.instrumentIds, lots: named.lotIds, reason: named.reason },
    })),
  );
}

async function makeSetup(
  tx: Tx,
  set: Named & { readonly worksheetId: string | null; readonly number: number; readonly reason: string | null },
): Promise<string> {
  const [instrumentIds, lotIds] = [[...new Set(set.instrumentIds)], [...new Set(set.lotIds)]];
  await requireKnown(tx, "lab.instrument", instrumentIds);
  await requireKnown(tx, "lab.lot", lotIds);
  const id = uuidv7();
  const row = {
    id,
    worksheet_id: set.worksheetId,
    number: set.number,
    reason: set.reason,
    by_name: await printedName(tx),
  };
  await insertAll(tx, "lab.setup", "lab.setup.create", [
    { row, fields: { worksheetId: set.worksheetId, instruments: instrumentIds, lots: lotIds, reason: set.reason } },
  ]);
  await insertAll(tx, "lab.setup_item", "lab.setup_item.create", [
    ...instrumentIds.map((each) => item(id, each, null)),
    ...lotIds.map((each) => item(id, null, each)),
  ]);
  return id;
}

function item(setupId: string, instrumentId: string | null, lotId: string | null) {
  const named = { instrument_id: instrumentId, lot_id: lotId };
  return { row: { id: uuidv7(), setup_id: setupId, ...named }, fields: { setupId, ...named } };
}

async function requireKnown(tx: Tx, table: "lab.instrument" | "lab.lot", ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const rows = await tx.all(
    query.selectFrom(table).select("id").where("id", "in", ids).where("deleted_at", "is", null),
  );
  if (rows.length !== ids.length) throw problem.setup_unknown();
}

import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { policyValue, type Tx } from "@probity/kernel";
import { currentSpecifications } from "../actions/frozen.ts";
import { addVersion, kinds, versionsOf } from "../actions/version-kind.ts";
import { insertAll } from "../bulk.ts";
import { query } from "../query.ts";

type Work = <T>(permission: string, run: (tx: Tx) => Promise<T>) => Promise<T>;
const dayMs = 86_400_000;
const day = (ahead: number) => new Date(Date.now() + ahead * dayMs).toISOString().slice(0, 10);

/** A limit that is tightened from next month on, and a review of the last weeks' audit trail that is due today. */
export async function loadInspector(work: Work): Promise<void> {
  await work("lab.master.change", async (tx) => {
    const water = [...(await currentSpecifications(tx)).values()].find((each) =>
      each.limits.some((limit) => limit.analyte === "conductivity"),
    );
    if (water === undefined || (await versionsOf(tx, kinds.specifications, water.specificationId)).length > 1) return;
    const content = water.limits.map((limit) =>
      limit.analyte === "conductivity" ? { ...limit, warnHigh: "1.0", high: limit.high ?? "1.3" } : limit,
    );
    await addVersion(tx, kinds.specifications, water.specificationId, {
      content,
      reason: "Warning limit after the yearly review of the loops",
      effectiveOn: day(21),
    });
  });
  await work("lab.history.load", async (tx) => {
    if (await tx.first(query.selectFrom("lab.trail_review").select("id").limit(1))) return;
    const [from, to] = [day(-30), day(0)];
    const hours = await policyValue(tx, "lab.workingHours");
    const row = { id: uuidv7(), title: `${from} to ${to}`, from_at: `${from}T00:00:00Z`, to_at: new Date().toISOString(), worksheet_id: null, hours, due_on: to };
    await insertAll(tx, "lab.trail_review", "lab.trail_review.open", [{ row, fields: { title: row.title, dueOn: to } }]);
  });
}

import type { Tx } from "@probity/kernel";
import { currentSpecifications } from "../actions/frozen.ts";
import { openReview } from "../actions/trail-route.ts";
import { addVersion, kinds, versionsOf } from "../actions/version-kind.ts";
import { query } from "../query.ts";

type Work = <T>(permission: string, run: (tx: Tx) => Promise<T>) => Promise<T>;
const dayMs = 86_400_000;
const day = (ahead: number) => new Date(Date.now() + ahead * dayMs).toISOString().slice(0, 10);

/** A limit that is tightened from next month on, and a review of the last weeks' audit trail that waits for somebody. */
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
  await work("lab.review.change", async (tx) => {
    if (await tx.first(query.selectFrom("lab.trail_review").select("id").limit(1))) return;
    await openReview(tx, { from: day(-30), to: day(0) });
  });
}

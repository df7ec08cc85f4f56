import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { readProtocol } from "../actions/stability-change.ts";
import { bringInStudy } from "../sample-data/bring-in-study.ts";
import { currentMethods, currentSpecifications } from "../actions/frozen.ts";
import { addMonths, dayIn } from "../schedule/rhythm.ts";
import type { LabWorld } from "./world.ts";

type Options = { readonly lots?: readonly string[]; readonly until?: number; readonly censored?: boolean };

/** A study of the world's product whose batches were started thirteen months ago, its results as `value` says, all verified. */
export async function loadStudy(
  world: LabWorld,
  said: unknown,
  value: (lot: string, months: number, condition: string) => number,
  { lots = ["A", "B", "C"], until = 12, censored = false }: Options = {},
): Promise<string> {
  const content = readProtocol(said);
  return world.server.kernel.door.work(world.admin.session, "lab.history.load", async (tx) => {
    const specification = (await currentSpecifications(tx)).get(world.specification);
    if (specification === undefined) throw new Error("no specification");
    const { id } = await bringInStudy(tx, {
      title: `Study ${uuidv7()}`,
      productId: world.product,
      specification,
      methods: await currentMethods(tx),
      content,
      reason: "Test",
      writtenBy: "R. Writer",
      approvedBy: "S. Approver",
      batches: lots.map((lot) => ({
        lot,
        startedOn: addMonths(dayIn("UTC", new Date()), -13),
        startedBy: "R. Writer",
      })),
      units: () => 100,
      place: () => "Chamber 1",
      pulled: ({ months }) => (months <= until ? { onDay: 0, by: "R. Writer", reason: null } : null),
      value: ({ lot, months, condition, analyte }) => {
        if (analyte !== "ph") return "2.5";
        return censored && months === 6 ? "<0.05" : value(lot, months, condition).toFixed(3);
      },
      analyst: () => "R. Analyst",
      reviewer: () => "S. Reviewer",
      verified: () => true,
    });
    return id;
  });
}

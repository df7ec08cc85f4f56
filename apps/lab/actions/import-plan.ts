import type { Tx } from "@probity/kernel";
import type { ImportKind, Mapping } from "../csv/mapping.ts";
import type { Table } from "../csv/read.ts";
import { query } from "../query.ts";
import { inTurns } from "../turn.ts";
import { currentSpecifications } from "./frozen.ts";
import { Look, type Found } from "./import-look.ts";
import { planResults, type Told } from "./import-results.ts";
import type { NewSample } from "./register.ts";
import type { Entry } from "./save-result.ts";

export type Plan = Found &
  (
    | { readonly kind: "samples"; readonly samples: readonly NewSample[] }
    | { readonly kind: "results"; readonly entries: readonly Entry[]; readonly told: Told }
  );
const skewMs = 120_000;

/** What a file would become; its own cells are texts and stay as they are, also those a spreadsheet would run. */
export async function planOf(tx: Tx, kind: ImportKind, table: Table, mapping: Mapping): Promise<Plan> {
  return kind === "samples" ? planSamples(tx, table, mapping) : planResults(tx, table, mapping);
}

/** A kept mapping. */
export function isMapping(kept: unknown): kept is Mapping {
  return typeof kept === "object" && kept !== null && "columns" in kept && "decimal" in kept;
}

/** What a file of samples would register. */
async function planSamples(tx: Tx, table: Table, mapping: Mapping): Promise<Plan> {
  const look = new Look("samples", table, mapping);
  const code = (rows: { id: string; code: string }[]) => new Map(rows.map((row) => [row.code.toLowerCase(), row.id]));
  const products = code(
    await tx.all(query.selectFrom("lab.product").select(["id", "code"]).where("deleted_at", "is", null)),
  );
  const points = code(
    await tx.all(query.selectFrom("lab.sampling_point").select(["id", "code"]).where("deleted_at", "is", null)),
  );
  const specifications = [...(await currentSpecifications(tx)).values()];
  const samples: NewSample[] = [];
  const turn = inTurns();
  for (const row of table.rows.keys()) {
    await turn();
    const cell = (key: string) => look.cell(row, key);
    const productId = products.get(cell("product").toLowerCase());
    if (productId === undefined)
      look.wrong(
        row,
        "Product code",
        cell("product") === "" ? "There is no product code." : `There is no product ${cell("product")}.`,
      );
    const pointId = points.get(cell("point").toLowerCase());
    if (cell("point") !== "" && pointId === undefined)
      look.wrong(row, "Sampling point code", `There is no sampling point ${cell("point")}.`);
    const named = cell("specification").toLowerCase();
    const specification = specifications.find(
      (each) => each.code.toLowerCase() === named && each.productId === productId,
    );
    if (named !== "" && specification === undefined)
      look.wrong(row, "Specification code", `The product has no specification ${cell("specification")}.`);
    else if (productId !== undefined && named === "" && !specifications.some((each) => each.productId === productId))
      look.wrong(row, "Product code", `${cell("product")} has no specification: nothing would be tested.`);
    const sampledAt = timeOf(cell("sampledAt"));
    if (sampledAt === undefined)
      look.wrong(row, "Sampled at", `${cell("sampledAt")} is no time; it is written as 2026-11-12 10:02.`);
    else if (sampledAt !== null && Date.parse(sampledAt) > Date.now() + skewMs)
      look.wrong(row, "Sampled at", "It lies after now on this server.");
    const dueOn = cell("dueOn");
    if (dueOn !== "" && !isDay(dueOn)) look.wrong(row, "Due on", `${dueOn} is no day; it is written as 2026-11-12.`);
    const priority = cell("priority").toLowerCase() || "routine";
    if (priority !== "routine" && priority !== "urgent")
      look.wrong(row, "Priority", `It is routine or urgent, not ${cell("priority")}.`);
    for (const [key, title, most] of [
      ["lot", "Lot", 60],
      ["remark", "Remark", 1000],
      ["sampledBy", "Sampled by", 120],
    ] as const)
      if (cell(key).length > most) look.wrong(row, title, `It has more than ${most} characters.`);
    samples.push({
      productId: productId ?? "",
      samplingPointId: pointId ?? null,
      specificationId: specification?.specificationId ?? null,
      lot: cell("lot") || null,
      remark: cell("remark") || null,
      sampledBy: cell("sampledBy") || null,
      sampledAt: sampledAt ?? null,
      dueOn: dueOn || null,
      priority: priority === "urgent" ? "urgent" : "routine",
    });
  }
  return { kind: "samples", samples, ...look.found() };
}

/** ISO 8601 with or without its T, zone and seconds; UTC where no zone is said. Null is empty, undefined is no time. */
function timeOf(text: string): string | null | undefined {
  if (text === "") return null;
  const found = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2})(?::(\d{2}))?\s*(Z|[+-]\d{2}:?\d{2})?)?$/.exec(text);
  if (found === null || !isDay(found[1] ?? "")) return undefined;
  const time = Date.parse(`${found[1]}T${found[2] ?? "00:00"}:${found[3] ?? "00"}${found[4] ?? "Z"}`);
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}
function isDay(text: string): boolean {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (found === null || !/^(19|20)/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

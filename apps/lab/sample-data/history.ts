import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Tx } from "@probity/kernel";
import { approvedBudgets } from "../actions/uncertainty-kept.ts";
import { insertAll, orderedIds } from "../bulk.ts";
import { query } from "../query.ts";
import { dayMs, isWorkday, minuteMs } from "./calendar.ts";
import { customersInTurn } from "./customer.ts";
import { Draw } from "./draw.ts";
import { layOne, type Laid, type Looked, type Planned } from "./history-sample.ts";
import { loadSetups } from "./instrument.ts";
import { known } from "./known.ts";
import { points, products, type SampleProduct } from "./laboratory.ts";
import { numbersInTime } from "./numbers-in-time.ts";
import { storyOf } from "./season.ts";

export const historyDays = 364;

/** What the week asks for: water every working day, batches and deliveries some days, plates twice a week. */
function planOfDay(draw: Draw, day: number, back: number, lots: Map<string, number>): Planned[] {
  const date = new Date(day);
  const weekday = date.getUTCDay();
  if (!isWorkday(day)) return [];
  const plan: Planned[] = [];
  const add = (product: SampleProduct, point: string | null, lot: string | null) =>
    plan.push({ product, point, lot, at: day + draw.whole(6 * 60, 9 * 60) * minuteMs, back });
  for (const product of products) {
    const own = points.filter((point) => point.product === product.code);
    const told = own.filter((point) => product.limits.some((limit) => storyOf(product.code, point.code, limit.analyte, back)));
    if (product.kind === "water") {
      const some = draw.some(own, product.code === "WFI" ? 2 : 1);
      // Where something is wrong, somebody looks every day.
      for (const point of new Set([...some, ...told])) add(product, point.code, null);
    } else if (product.kind === "environment" && (weekday === 2 || weekday === 4)) {
      for (const point of own) add(product, point.code, null);
    } else if (product.kind !== "environment" && draw.chance(product.kind === "finished" ? 0.3 : 0.2)) {
      const year = String(date.getUTCFullYear() % 100);
      const number = (lots.get(product.code + year) ?? 0) + 1;
      lots.set(product.code + year, number);
      add(product, null, `${product.code.slice(0, 3)}${year}-${String(number).padStart(3, "0")}`);
    }
  }
  return plan;
}

/** A year of a laboratory, brought in as it stood elsewhere: the same every time, up to the moment it is laid in. False where it is there. */
export async function loadHistory(tx: Tx): Promise<boolean> {
  if (await tx.first(query.selectFrom("lab.sample").select("id").where("brought_in", "=", true).limit(1))) return false;
  const now = Date.now();
  const draw = new Draw(20_260_401);
  const all = await known(tx);
  const today = Math.floor(now / dayMs) * dayMs;
  const lots = new Map<string, number>();
  const planned: Planned[] = [];
  for (let back = historyDays; back > 0; back -= 1) planned.push(...planOfDay(draw, today - back * dayMs, back, lots));
  planned.sort((one, other) => one.at - other.at);
  const year = {
    draw,
    now,
    all,
    methods: new Map([...all.methods.values()].map((each) => [each.code, each])),
    madeWith: await loadSetups(tx),
    budgets: await approvedBudgets(tx, [...all.methods.values()].map((each) => each.id)),
  };
  const whose = await customersInTurn(tx);
  const numbers = await numbersInTime(tx, "sample", planned.map(({ at }) => at));
  const ids = orderedIds(planned.length);
  const laid: Laid = { samples: [], results: [], publications: [], looked: [] };
  for (const [index, each] of planned.entries()) {
    const [numbered, id] = [numbers[index], ids[index]];
    if (numbered !== undefined && id !== undefined) layOne(year, each, numbered, id, whose(each.product, index), laid);
  }
  await insertAll(tx, "lab.sample", "lab.sample.bring_in", laid.samples);
  await insertAll(tx, "lab.result", "lab.result.bring_in", laid.results);
  await layInvestigations(tx, laid.looked);
  await insertAll(tx, "lab.publication", "lab.publication.bring_in", laid.publications);
  return true;
}

/** Investigations in the order they were opened in, each with its number of that year. */
export async function layInvestigations(tx: Tx, looked: readonly Looked[]): Promise<void> {
  const sorted = looked.toSorted((one, other) => one.openedAt - other.openedAt);
  const numbers = await numbersInTime(tx, "investigation", sorted.map(({ openedAt }) => openedAt));
  const ids = orderedIds(sorted.length);
  await insertAll(
    tx,
    "lab.investigation",
    "lab.investigation.bring_in",
    sorted.map(({ row }, index) => ({
      row: { id: ids[index] ?? uuidv7(), ...numbers[index], ...row },
      fields: { number: numbers[index]?.number, state: row["state"] },
    })),
  );
}

import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Tx } from "@probity/kernel";
import { assessmentQuestions } from "../actions/investigation-checklist.ts";
import { nextNumbers } from "../actions/number.ts";
import { findText } from "../actions/register.ts";
import { approvedBudgets } from "../actions/uncertainty-kept.ts";
import { insertAll, orderedIds, type NewRow } from "../bulk.ts";
import { query } from "../query.ts";
import { customersInTurn } from "./certificate.ts";
import { Draw, judged, worseOf, type Drawn } from "./draw.ts";
import { loadSetups } from "./instrument.ts";
import { known } from "./known.ts";
import { points, products, type SampleProduct } from "./laboratory.ts";
import { seasonOf, storyOf, type Story } from "./season.ts";

export const historyDays = 364;
const dayMs = 86_400_000;
const hourMs = 3_600_000;
const analysts = ["M. Okafor", "L. Brandt", "J. Petrov"];
const reviewers = ["S. Lindqvist", "A. Ruiz"];

type Planned = {
  readonly product: SampleProduct;
  readonly point: string | null;
  readonly lot: string | null;
  readonly at: number;
  readonly back: number;
};
type Found = { readonly story: Story; readonly resultId: string; readonly sampleId: string; readonly at: number };

/** What the week asks for: water every working day, batches and deliveries some days, plates twice a week. */
function planOfDay(draw: Draw, day: number, back: number, lots: Map<string, number>): Planned[] {
  const date = new Date(day);
  const weekday = date.getUTCDay();
  if (weekday === 0 || weekday === 6) return [];
  const plan: Planned[] = [];
  const add = (product: SampleProduct, point: string | null, lot: string | null) =>
    plan.push({ product, point, lot, at: day + draw.whole(6 * 60, 9 * 60) * 60_000, back });
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
      const number = (lots.get(product.code) ?? 0) + 1;
      lots.set(product.code, number);
      add(product, null, `${product.code.slice(0, 3)}${date.getUTCFullYear() % 100}-${String(number).padStart(3, "0")}`);
    }
  }
  return plan;
}

/** A year of a laboratory, brought in as it stood elsewhere: the same every time, for the day it is laid in. */
export async function loadHistory(tx: Tx): Promise<void> {
  if (await tx.first(query.selectFrom("lab.sample").select("id").where("brought_in", "=", true).limit(1))) return;
  const draw = new Draw(20_260_401);
  const all = await known(tx);
  const madeWith = await loadSetups(tx);
  const budgets = await approvedBudgets(
    tx,
    [...all.methods.values()].map((each) => each.id),
  );
  const methods = new Map([...all.methods.values()].map((each) => [each.code, each]));
  const today = Math.floor(Date.now() / dayMs) * dayMs;
  const lots = new Map<string, number>();
  const planned: Planned[] = [];
  for (let back = historyDays; back > 7; back -= 1) planned.push(...planOfDay(draw, today - back * dayMs, back, lots));
  const whose = await customersInTurn(tx);
  const numbers = await nextNumbers(tx, "sample", planned.length);
  const ids = orderedIds(planned.length);
  const samples: NewRow[] = [];
  const results: NewRow[] = [];
  const found: Found[] = [];
  for (const [index, { product, point, lot, at, back }] of planned.entries()) {
    const [numbered, id] = [numbers[index], ids[index]];
    const specification = all.specifications.get(product.specification.code);
    if (numbered === undefined || id === undefined || specification === undefined) continue;
    const received = at + draw.whole(20, 150) * 60_000;
    const entered = received + draw.whole(5, product.kind === "raw-material" ? 30 : 110) * hourMs;
    const verified = entered + draw.whole(2, 30) * hourMs;
    const [analyst, reviewer] = [draw.one(analysts), draw.one(reviewers)];
    let worst = "in";
    for (const limit of product.limits) {
      const method = methods.get(limit.method);
      if (method === undefined) continue;
      const story = storyOf(product.code, point, limit.analyte, back);
      const moved = seasonOf(product.code, point, limit.analyte, new Date(at), back);
      const usual: readonly [number, number] | string =
        typeof limit.usual === "string" ? limit.usual : [limit.usual[0] * moved, limit.usual[1]];
      const first = draw.value(usual, method, limit.analyte);
      const attempts: Drawn[] = [first];
      // What came out of specification is repeated once, and both stay; what was so is so again.
      if (judged(first, method, limit.analyte, specification, budgets).verdict === "out")
        attempts.push(
          draw.value(story?.investigation?.conclusion === "confirmed" ? usual : limit.usual, method, limit.analyte, 0.4),
        );
      let before: string | null = null;
      for (const [again, each] of attempts.entries()) {
        const last = again === attempts.length - 1;
        const { verdict, analyte, uncertainty } = judged(each, method, limit.analyte, specification, budgets);
        if (last) worst = worseOf(worst, verdict);
        const rowId = uuidv7();
        if (again === 0 && !last && story?.investigation !== undefined)
          found.push({ story, resultId: rowId, sampleId: id, at: entered });
        results.push({
          row: {
            id: rowId,
            sample_id: id,
            method_version_id: method.id,
            setup_id: madeWith.get(method.code) ?? null,
            replaces_id: before,
            kind: "sample",
            analyte: limit.analyte,
            name: analyte.name,
            unit: analyte.unit,
            attempt: again + 1,
            state: last ? "verified" : "retested",
            text: each.text,
            number: each.number,
            qualifier: each.qualifier,
            uncertainty,
            interim: each.interim,
            verdict,
            reason: last ? null : "Out of specification; repeated from the retained sample.",
            source: each.interim === null ? "keyboard" : "calculated",
            entered_at: new Date(entered + again * 3 * hourMs).toISOString(),
            entered_name: analyst,
            verified_at: last ? new Date(verified + again * 4 * hourMs).toISOString() : null,
            verified_name: last ? reviewer : null,
          },
          fields: { text: each.text, verdict, enteredBy: analyst },
        });
        before = rowId;
      }
    }
    const published = draw.chance(0.9);
    const named = points.find((each) => each.code === point);
    samples.push({
      row: {
        id,
        ...numbered,
        product_id: all.products.get(product.code),
        sampling_point_id: point === null ? null : all.points.get(point),
        specification_version_id: specification.id,
        lot,
        customer_id: whose(lot, index),
        remark: null,
        priority: draw.chance(0.05) ? "urgent" : "routine",
        state: published ? "published" : "verified",
        verdict: worst,
        sampled_at: new Date(at).toISOString(),
        sampled_by: draw.one(["Utilities", "Production", "Goods in"]),
        due_on: new Date(received + 7 * dayMs).toISOString().slice(0, 10),
        received_at: new Date(received).toISOString(),
        received_name: draw.one(analysts),
        place: draw.one(["Fridge 2", "Shelf A3", "Shelf B1", "Incubator 1"]),
        verified_at: new Date(verified).toISOString(),
        published_at: published ? new Date(verified + dayMs / 4).toISOString() : null,
        locked_at: published ? new Date().toISOString() : null,
        find: findText([numbered.number, product.code, product.name, point, named?.name, lot]),
      },
      fields: { number: numbered.number, product: product.code },
    });
  }
  await insertAll(tx, "lab.sample", "lab.sample.bring_in", samples);
  await insertAll(tx, "lab.result", "lab.result.bring_in", results);
  await layInvestigations(tx, found);
}

/** The first result of each story that was out, as it was looked into. */
async function layInvestigations(tx: Tx, found: readonly Found[]): Promise<void> {
  const first = found.filter((each, index) => found.findIndex((other) => other.story === each.story) === index);
  const numbers = await nextNumbers(tx, "investigation", first.length);
  await insertAll(
    tx,
    "lab.investigation",
    "lab.investigation.bring_in",
    first.flatMap(({ story, resultId, sampleId, at }, index) => {
      const [numbered, told] = [numbers[index], story.investigation];
      if (numbered === undefined || told === undefined) return [];
      return [
        {
          row: {
            id: uuidv7(),
            ...numbered,
            sample_id: sampleId,
            result_id: resultId,
            state: "concluded",
            checklist: assessmentQuestions.map(({ key }) => ({ question: key, answer: "in-order", note: "" })),
            cause: told.cause,
            cause_text: told.causeText,
            retests: 1,
            plan: "Repeat from the retained sample by another analyst, same method.",
            planned_name: "M. Okafor",
            approved_name: "A. Ruiz",
            approved_at: new Date(at + 2 * hourMs).toISOString(),
            scope: told.scope,
            conclusion: told.conclusion,
            conclusion_text: told.conclusionText,
            capa: told.capa,
            concluded_name: "S. Lindqvist",
            concluded_at: new Date(at + 9 * dayMs).toISOString(),
          },
          fields: { number: numbered.number, conclusion: told.conclusion },
        },
      ];
    }),
  );
}

import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Tx } from "@probity/kernel";
import { findText } from "../actions/register.ts";
import type { MethodVersion } from "../actions/frozen.ts";
import { approvedBudgets, type Budget } from "../actions/uncertainty-kept.ts";
import { insertAll, orderedIds, type NewRow } from "../bulk.ts";
import { query } from "../query.ts";
import { dayMs, dayOf, hourMs, iso, minuteMs, working } from "./calendar.ts";
import { Draw, fromReadings, judged, worseOf, type Drawn } from "./draw.ts";
import { layInvestigations } from "./history.ts";
import { numbersInTime } from "./numbers-in-time.ts";
import type { Looked } from "./history-sample.ts";
import { known, type Known } from "./known.ts";
import { points, products } from "./laboratory.ts";
import { analystOf, analysts } from "./people.ts";
import { publicationOf, type Told } from "./publication.ts";

/** One determination: what was found, when and by whom; still open where nothing was. */
export type Attempt = {
  readonly value: Drawn | null;
  readonly at?: number;
  readonly by?: string;
  readonly more?: Readonly<Record<string, unknown>>;
};
/** A sample somewhere on its way, with what is particular about it; the rest is as usual. */
export type Scene = {
  readonly product: string;
  readonly lot?: string;
  readonly point?: string;
  readonly customer?: string;
  readonly received: number;
  readonly chemist?: number;
  readonly tests?: Readonly<Record<string, readonly Attempt[]>>;
  readonly verified?: { readonly at: number; readonly by: string };
  readonly published?: readonly { readonly at: number; readonly by: string }[];
};
export type Laid = {
  readonly id: string;
  readonly number: string;
  /** The result of a determination, its attempts counted from one. */
  readonly result: (analyte: string, attempt?: number) => { readonly id: string; readonly text: string; readonly enteredAt: string };
};

/** Lays samples in that are still on their way, each as far as it has come, all in a few statements. */
export class Stage {
  readonly tx: Tx;
  readonly now: number;
  readonly all: Known;
  readonly #methods: ReadonlyMap<string, MethodVersion>;
  readonly #budgets: ReadonlyMap<string, Budget>;
  readonly #customers: ReadonlyMap<string, string>;
  readonly #draw = new Draw(77_003);
  readonly #laid: { scene: Scene; id: string; sample: Record<string, unknown>; results: NewRow[]; told: Told[] }[] = [];
  readonly #looked: Looked[] = [];

  private constructor(tx: Tx, now: number, all: Known, budgets: ReadonlyMap<string, Budget>, customers: ReadonlyMap<string, string>) {
    this.tx = tx;
    this.now = now;
    this.all = all;
    this.#budgets = budgets;
    this.#customers = customers;
    this.#methods = new Map([...all.methods.values()].map((each) => [each.code, each]));
  }
  static async open(tx: Tx): Promise<Stage> {
    const all = await known(tx);
    const budgets = await approvedBudgets(tx, [...all.methods.values()].map((each) => each.id));
    const rows = await tx.all(query.selectFrom("lab.customer").select(["id", "code"]));
    return new Stage(tx, Date.now(), all, budgets, new Map(rows.map((row) => [row.code, row.id])));
  }

  /** What is calculated from readings by a method. */
  calculated(method: string, analyte: string, readings: Record<string, string>): Drawn {
    const found = this.#methods.get(method)?.definition.analytes.find(({ key }) => key === analyte);
    return fromReadings(found?.formula ?? "", readings);
  }

  /** Puts a sample on the stage; its number comes with the others'. */
  add(scene: Scene): Omit<Laid, "number"> {
    const product = products.find(({ code }) => code === scene.product);
    const specification = product && this.all.specifications.get(product.specification.code);
    if (product === undefined || specification === undefined) throw new Error(`No ${scene.product}`);
    const id = uuidv7();
    const ids = orderedIds(product.limits.length * 2);
    const results: NewRow[] = [];
    const told: Told[] = [];
    let [worst, open] = ["in", 0];
    for (const limit of product.limits) {
      const method = this.#methods.get(limit.method);
      if (method === undefined) continue;
      const usual: Attempt = { value: this.#draw.value(limit.usual, method, limit.analyte, 0.3) };
      let before: string | null = null;
      for (const [index, attempt] of (scene.tests?.[limit.analyte] ?? [usual]).entries()) {
        const at = attempt.at ?? working(scene.received + waits(limit.method) * hourMs + index * 7 * minuteMs);
        const value = at > this.now ? null : attempt.value;
        const rowId = ids[results.length] ?? uuidv7();
        const { analyte, verdict, uncertainty } = judged(value ?? nothing, method, limit.analyte, specification, this.#budgets);
        const state = value === null ? "open" : scene.verified === undefined ? "entered" : "verified";
        const row = {
          id: rowId,
          sample_id: id,
          worksheet_id: null,
          position: null,
          method_version_id: method.id,
          setup_id: null,
          replaces_id: before,
          kind: "sample",
          analyte: limit.analyte,
          name: analyte.name,
          unit: analyte.unit,
          attempt: index + 1,
          state,
          text: value?.text ?? null,
          number: value?.number ?? null,
          qualifier: value?.qualifier ?? null,
          uncertainty: value === null ? null : uncertainty,
          interim: value?.interim ?? null,
          verdict: value === null ? null : verdict,
          reason: null,
          source: value === null ? null : value.interim === null ? "keyboard" : "calculated",
          entered_at: value === null ? null : iso(at),
          entered_name: value === null ? null : (attempt.by ?? analystOf(limit.method, scene.chemist ?? 0)),
          verified_at: state === "verified" ? iso(scene.verified?.at ?? 0) : null,
          verified_name: state === "verified" ? (scene.verified?.by ?? null) : null,
          ...attempt.more,
        };
        if (row.state === "open") open += 1;
        else if (row.state !== "retested") worst = worseOf(worst, verdict);
        results.push({ row, fields: value === null ? { analyte: limit.analyte } : { text: value.text, verdict, enteredBy: row.entered_name } });
        if (value !== null) told.push({ row, value, uncertainty });
        before = rowId;
      }
    }
    const last = scene.published?.at(-1);
    const sample = {
      product_id: this.all.products.get(product.code),
      sampling_point_id: scene.point === undefined ? null : (this.all.points.get(scene.point) ?? null),
      specification_version_id: specification.id,
      lot: scene.lot ?? null,
      customer_id: scene.customer === undefined ? null : (this.#customers.get(scene.customer) ?? null),
      remark: null,
      priority: "routine",
      state: last !== undefined ? "published" : scene.verified !== undefined ? "verified" : open > 0 ? "received" : "tested",
      verdict: open > 0 && worst === "in" ? null : worst,
      sampled_at: iso(scene.received - 80 * minuteMs),
      sampled_by: scene.point === undefined ? "Production" : "Utilities",
      due_on: dayOf(scene.received + 20 * dayMs),
      received_at: iso(scene.received),
      received_name: analysts[1 - (scene.chemist ?? 0)],
      place: "Shelf A3",
      verified_at: scene.verified === undefined ? null : iso(scene.verified.at),
      published_at: last === undefined ? null : iso(last.at),
      locked_at: last === undefined ? null : iso(last.at),
    };
    this.#laid.push({ scene, id, sample, results, told });
    return {
      id,
      result: (analyte, attempt = 1) => {
        const row = results.find((each) => each.row["analyte"] === analyte && each.row["attempt"] === attempt)?.row;
        if (row === undefined) throw new Error(`No ${analyte}`);
        return { id: row.id, text: String(row["text"]), enteredAt: String(row["entered_at"]) };
      },
    };
  }

  /** An investigation of one of its results. */
  look(openedAt: number, by: string, row: Readonly<Record<string, unknown>>): void {
    this.#looked.push({ openedAt, row: { ...notYet, ...row, stated_at: iso(openedAt), stated_name: by } });
  }

  /** Writes what was put on it. */
  async lay(): Promise<void> {
    const inTime = this.#laid.toSorted((one, other) => one.scene.received - other.scene.received);
    const numbers = await numbersInTime(this.tx, "sample", inTime.map(({ scene }) => scene.received));
    const samples = inTime.map(({ id, sample, scene }, index) => {
      const numbered = numbers[index];
      const product = products.find(({ code }) => code === scene.product);
      const point = points.find(({ code }) => code === scene.point);
      const find = findText([numbered?.number ?? "", scene.product, product?.name, scene.point, point?.name, scene.lot]);
      return { row: { id, ...numbered, ...sample, find }, fields: { number: numbered?.number, product: scene.product } };
    });
    await insertAll(this.tx, "lab.sample", "lab.sample.bring_in", samples);
    await insertAll(this.tx, "lab.result", "lab.result.bring_in", inTime.flatMap(({ results }) => results));
    await layInvestigations(this.tx, this.#looked);
    const publications = inTime.flatMap(({ scene, id, told }) => {
      const product = products.find(({ code }) => code === scene.product);
      const specification = product && this.all.specifications.get(product.specification.code);
      if (specification === undefined) return [];
      return (scene.published ?? []).map((each, index) => publicationOf({ sampleId: id, ...each, number: index + 1 }, specification, told, this.#methods));
    });
    await insertAll(this.tx, "lab.publication", "lab.publication.bring_in", publications);
  }
}

const nothing: Drawn = { text: "", number: null, qualifier: null, interim: null };
/** What an investigation has not come to yet. */
const notYet = {
  checklist: null,
  cause: null,
  cause_text: null,
  hypothesis: null,
  retests: null,
  plan: null,
  planned_name: null,
  approved_name: null,
  approved_at: null,
  scope: null,
};

/** Hours from receipt to entry: plates stand for five days. */
function waits(method: string): number {
  return method === "MIC-01" || method === "MIC-05" ? 122 : method === "MIC-02" ? 47 : 25;
}

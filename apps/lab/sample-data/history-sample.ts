import { findText } from "../actions/register.ts";
import type { MethodVersion } from "../actions/frozen.ts";
import type { Numbered } from "../actions/number.ts";
import type { Budget } from "../actions/uncertainty-kept.ts";
import { orderedIds, type NewRow } from "../bulk.ts";
import { dayMs, dayOf, hourMs, iso, minuteMs, working } from "./calendar.ts";
import { judged, worseOf, type Draw, type Drawn } from "./draw.ts";
import type { Known } from "./known.ts";
import { points, type SampleProduct } from "./laboratory.ts";
import { findingOf, type Finding } from "./out-of-limits.ts";
import { analystOf, analysts, head, reviewer, reviewers } from "./people.ts";
import { publicationOf, type Told } from "./publication.ts";
import { seasonOf, storyOf } from "./season.ts";

export type Planned = {
  readonly product: SampleProduct;
  readonly point: string | null;
  readonly lot: string | null;
  readonly at: number;
  readonly back: number;
};
export type Year = {
  readonly draw: Draw;
  /** Up to when it has happened. */
  readonly now: number;
  readonly all: Known;
  readonly methods: ReadonlyMap<string, MethodVersion>;
  readonly madeWith: ReadonlyMap<string, string>;
  readonly budgets: ReadonlyMap<string, Budget>;
};
/** An investigation before it has its number. */
export type Looked = { readonly openedAt: number; readonly row: Readonly<Record<string, unknown>> };
export type Laid = { samples: NewRow[]; results: NewRow[]; publications: NewRow[]; looked: Looked[] };
/** So long ago that everything that came of it is over. */
const settledDays = 20;

/** How many hours a method takes from receipt to its entry: plates stand for five days. */
function hoursOf(draw: Draw, method: string): number {
  if (method === "MIC-01" || method === "MIC-05") return draw.whole(121, 126);
  if (method === "MIC-02") return draw.whole(46, 50);
  return method === "CHE-05" ? draw.whole(20, 28) : draw.whole(3, 30);
}

/** One sample of the past with its results, as far as it had come by now. */
export function layOne(year: Year, planned: Planned, numbered: Numbered, id: string, customerId: string | null, laid: Laid): void {
  const { draw, all, methods, madeWith, budgets, now } = year;
  const { product, point, lot, at, back } = planned;
  const specification = all.specifications.get(product.specification.code);
  if (specification === undefined) return;
  const received = working(at + draw.whole(20, 150) * minuteMs);
  const chemist = draw.whole(0, analysts.length - 1);
  const by = draw.one(reviewers);
  const rows: (Told & { readonly at: number })[] = [];
  const ids = orderedIds(product.limits.length * 2);
  let last = received;
  let explained = 0;
  for (const limit of product.limits) {
    const method = methods.get(limit.method);
    if (method === undefined) continue;
    const analyst = analystOf(limit.method, chemist);
    const story = storyOf(product.code, point, limit.analyte, back);
    const entered = working(received + hoursOf(draw, limit.method) * hourMs + draw.whole(0, 50) * minuteMs);
    const usual = seasonal(limit.usual, seasonOf(product.code, point, limit.analyte, new Date(at), back));
    const judge = (value: Drawn) => judged(value, method, limit.analyte, specification, budgets);
    let first = draw.value(usual, method, limit.analyte);
    while (back < settledDays && judge(first).verdict === "out") first = draw.value(limit.usual, method, limit.analyte, 0.4);
    const add = (value: Drawn, when: number, more: Readonly<Record<string, unknown>>) => {
      const rowId = ids[rows.length] ?? "";
      const { verdict, analyte, uncertainty } = judge(value);
      rows.push({
        at: when,
        value,
        uncertainty,
        row: {
          id: rowId,
          sample_id: id,
          method_version_id: method.id,
          setup_id: madeWith.get(method.code) ?? null,
          replaces_id: null,
          kind: "sample",
          analyte: limit.analyte,
          name: analyte.name,
          unit: analyte.unit,
          attempt: 1,
          text: value.text,
          number: value.number,
          qualifier: value.qualifier,
          uncertainty,
          interim: value.interim,
          verdict,
          reason: null,
          source: value.interim === null ? "keyboard" : "calculated",
          entered_name: analyst,
          ...more,
        },
      });
      last = Math.max(last, when);
      return rowId;
    };
    if (judge(first).verdict !== "out") {
      add(first, entered, {});
      continue;
    }
    // Out of its limits: looked into, repeated by a plan that was approved before, and both stay.
    const opened = working(entered + draw.whole(30, 90) * minuteMs);
    const approved = working(opened + draw.whole(2, 20) * hourMs);
    const again = working(approved + hoursOf(draw, limit.method) * hourMs);
    const concluded = working(again + draw.whole(1, 5) * dayMs);
    const { finding, checklist } = findingOf(limit.analyte, story);
    const original = add(first, entered, { state: "retested" });
    const repeat = draw.value(finding.conclusion === "confirmed" ? usual : limit.usual, method, limit.analyte, 0.4);
    const other = limit.method.startsWith("MIC") ? analystOf("", chemist) : analystOf(limit.method, chemist + 1);
    const reason = "By the approved plan, from the retained sample.";
    add(repeat, again, { replaces_id: original, attempt: 2, reason, entered_name: other });
    explained = Math.max(explained, concluded);
    laid.looked.push({ openedAt: opened, row: looked(id, original, { opened, approved, concluded }, analyst, finding, checklist) });
  }
  // How far it had come: what lies after now has not happened.
  const verified = working(last + draw.whole(1, 9) * hourMs);
  const published = working(Math.max(verified, explained) + draw.whole(1, 6) * hourMs);
  const complete = last <= now;
  const state = !complete ? "received" : verified > now ? "tested" : published > now ? "verified" : "published";
  let worst = "in";
  for (const { row, at: when } of rows) {
    const there = when <= now;
    const done = row["state"] ?? (there ? (verified > now ? "entered" : "verified") : "open");
    if (there && done !== "retested") worst = worseOf(worst, String(row["verdict"]));
    const empty = { text: null, number: null, qualifier: null, uncertainty: null, interim: null, verdict: null, source: null, entered_name: null };
    laid.results.push({
      row: {
        ...row,
        ...(there ? {} : empty),
        state: done,
        entered_at: there ? iso(when) : null,
        verified_at: done === "verified" ? iso(verified) : null,
        verified_name: done === "verified" ? by : null,
      },
      fields: there ? { text: row["text"], verdict: row["verdict"], enteredBy: row["entered_name"] } : { analyte: row["analyte"] },
    });
  }
  const named = points.find((each) => each.code === point);
  laid.samples.push({
    row: {
      id,
      ...numbered,
      product_id: all.products.get(product.code),
      sampling_point_id: point === null ? null : all.points.get(point),
      specification_version_id: specification.id,
      lot,
      customer_id: customerId,
      remark: null,
      priority: draw.chance(0.05) ? "urgent" : "routine",
      state,
      verdict: complete || worst !== "in" ? worst : null,
      sampled_at: iso(at),
      sampled_by: product.kind === "raw-material" ? "Goods in" : product.kind === "water" ? "Utilities" : "Production",
      due_on: dayOf(received + 12 * dayMs),
      received_at: iso(received),
      received_name: analysts[(chemist + 1) % analysts.length],
      place: product.kind === "environment" ? "Incubator 1" : draw.one(["Fridge 2", "Shelf A3", "Shelf B1"]),
      verified_at: verified <= now && complete ? iso(verified) : null,
      published_at: state === "published" ? iso(published) : null,
      locked_at: state === "published" ? iso(published) : null,
      find: findText([numbered.number, product.code, product.name, point, named?.name, lot]),
    },
    fields: { number: numbered.number, product: product.code },
  });
  if (state === "published")
    laid.publications.push(publicationOf({ sampleId: id, at: published, by: by === head ? reviewer : head }, specification, rows, methods));
}

function seasonal(usual: readonly [number, number] | string, moved: number): readonly [number, number] | string {
  return typeof usual === "string" ? usual : [usual[0] * moved, usual[1]];
}

function looked(
  sampleId: string,
  resultId: string,
  times: { opened: number; approved: number; concluded: number },
  analyst: string,
  finding: Finding,
  checklist: unknown,
): Looked["row"] {
  return {
    sample_id: sampleId,
    result_id: resultId,
    state: "concluded",
    checklist,
    cause: finding.cause,
    cause_text: finding.causeText,
    retests: 1,
    plan: "One repeat from the retained sample by another analyst, same method.",
    planned_name: analyst,
    approved_name: head,
    approved_at: iso(times.approved),
    scope: finding.scope,
    conclusion: finding.conclusion,
    conclusion_text: finding.conclusionText,
    capa: finding.capa,
    concluded_name: reviewer,
    concluded_at: iso(times.concluded),
    stated_at: iso(times.opened),
    stated_name: analyst,
  };
}

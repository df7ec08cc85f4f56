import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Tx } from "@probity/kernel";
import { idAt, insertAll, type NewRow } from "../bulk.ts";
import { judgeValue, readValue } from "../calc/value.ts";
import { sayDecimal } from "../calc/decimal.ts";
import { analyteOf, type MethodVersion, type SpecificationVersion } from "../actions/frozen.ts";
import { nextNumbers } from "../actions/number.ts";
import { findText } from "../actions/register.ts";
import { planOf } from "../actions/stability-change.ts";
import { addDays } from "../schedule/rhythm.ts";
import { hourMs, iso, onWorkday, working } from "./calendar.ts";
import { numbersInTime } from "./numbers-in-time.ts";
import { unitsNeeded, type Protocol } from "../statistic/study-plan.ts";

type At = { readonly lot: string; readonly months: number; readonly condition: string };
/** A study that ran elsewhere before, with everything that was stated of it there. */
export type BroughtIn = {
  readonly title: string;
  readonly productId: string;
  readonly specification: SpecificationVersion;
  readonly methods: ReadonlyMap<string, MethodVersion>;
  readonly content: Protocol;
  readonly reason: string;
  readonly writtenBy: string;
  readonly approvedBy: string;
  readonly batches: readonly { readonly lot: string; readonly startedOn: string; readonly startedBy: string }[];
  readonly units: (condition: string) => number;
  readonly place: (condition: string) => string;
  /** Days after the due day it was pulled on, or null where it was not. */
  readonly pulled: (at: At) => { readonly onDay: number; readonly by: string; readonly reason: string | null } | null;
  /** What was found, as it was written. */
  readonly value: (at: At & { readonly analyte: string }) => string;
  readonly analyst: (at: At) => string;
  readonly reviewer: (at: At) => string;
  readonly verified: (at: At) => boolean;
};
type Laid = { samples: NewRow[]; results: NewRow[]; storages: NewRow[]; pulls: NewRow[]; batches: NewRow[] };

/** Lays a study in with its past: protocol, batches, pulls, samples and results, all marked as brought in. */
export async function bringInStudy(tx: Tx, study: BroughtIn): Promise<{ id: string; number: string }> {
  const [numbered] = await nextNumbers(tx, "study", 1);
  const [id, protocolId] = [uuidv7(), uuidv7()];
  const number = numbered?.number ?? "";
  const plans = study.batches.flatMap((batch) =>
    planOf(study.content, batch.startedOn).map((pull) => {
      const at = { ...pull, lot: batch.lot };
      const taken = study.pulled(at);
      return { batch, pull, at, taken, onDay: taken === null ? null : onWorkday(addDays(pull.dueOn, taken.onDay)) };
    }),
  );
  // Numbered in the order they were pulled in, each of its year.
  const done = plans.flatMap((plan) => (plan.onDay === null ? [] : [{ plan, moment: Date.parse(`${plan.onDay}T09:00:00Z`) }]));
  const inTime = done.toSorted((one, other) => one.moment - other.moment);
  const drawn = await numbersInTime(tx, "sample", inTime.map(({ moment }) => moment));
  const numbers = new Map(inTime.map(({ plan }, index) => [plan, drawn[index]]));
  const laid: Laid = { samples: [], results: [], storages: [], pulls: [], batches: [] };
  const storageIds = layStorages(study, id, protocolId, laid);
  for (const plan of plans) {
    const { batch, pull, at, taken, onDay } = plan;
    // Lists go by ids: what was pulled in past years does not stand before the day's work.
    const sampleId = onDay === null ? null : idAt(Date.parse(`${onDay}T09:00:00Z`));
    const sampleNumber = numbers.get(plan);
    const deviation = onDay === null ? null : onDay < pull.opensOn ? "early" : onDay > pull.closesOn ? "late" : null;
    laid.pulls.push({
      row: {
        id: uuidv7(),
        storage_id: storageIds.get(`${batch.lot} ${pull.condition}`),
        months: pull.months,
        due_on: pull.dueOn,
        opens_on: pull.opensOn,
        closes_on: pull.closesOn,
        units: pull.units,
        state: taken === null ? "planned" : "pulled",
        pulled_on: onDay,
        pulled_at: onDay === null ? null : `${onDay}T08:20:00Z`,
        pulled_name: taken?.by ?? null,
        deviation,
        reason: taken?.reason ?? null,
        sample_id: sampleId,
      },
      fields: { condition: pull.condition, months: pull.months, dueOn: pull.dueOn },
    });
    if (sampleId !== null && sampleNumber !== undefined && onDay !== null)
      laySample(study, at, { id: sampleId, onDay, study: number, ...sampleNumber }, laid);
  }
  await insertAll(tx, "lab.study", "lab.study.bring_in", [
    { row: { id, ...numbered, title: study.title, product_id: study.productId }, fields: { number, title: study.title } },
  ]);
  await insertAll(tx, "lab.study_protocol", "lab.study_protocol.bring_in", [
    {
      row: {
        id: protocolId,
        study_id: id,
        number: 1,
        state: "approved",
        specification_version_id: study.specification.id,
        content: study.content,
        reason: study.reason,
        written_name: study.writtenBy,
        approved_name: study.approvedBy,
        approved_at: `${study.batches[0]?.startedOn ?? "2026-01-01"}T07:00:00Z`,
      },
      fields: { number: 1 },
    },
  ]);
  await insertAll(tx, "lab.sample", "lab.sample.bring_in", laid.samples);
  await insertAll(tx, "lab.result", "lab.result.bring_in", laid.results);
  await insertAll(tx, "lab.study_batch", "lab.study_batch.bring_in", laid.batches);
  await insertAll(tx, "lab.study_storage", "lab.study_storage.bring_in", laid.storages);
  await insertAll(tx, "lab.study_pull", "lab.study_pull.bring_in", laid.pulls);
  return { id, number };
}

function layStorages(study: BroughtIn, studyId: string, protocolId: string, laid: Laid): Map<string, string> {
  const ids = new Map<string, string>();
  for (const batch of study.batches) {
    const batchId = uuidv7();
    laid.batches.push({
      row: {
        id: batchId,
        study_id: studyId,
        protocol_id: protocolId,
        lot: batch.lot,
        started_on: batch.startedOn,
        started_name: batch.startedBy,
      },
      fields: { lot: batch.lot, startedOn: batch.startedOn },
    });
    for (const condition of study.content.conditions) {
      const id = uuidv7();
      ids.set(`${batch.lot} ${condition.key}`, id);
      const units = Math.max(study.units(condition.key), unitsNeeded(condition));
      const place = study.place(condition.key);
      laid.storages.push({
        row: { id, batch_id: batchId, condition: condition.key, place, units },
        fields: { condition: condition.key, units, place },
      });
    }
  }
  return ids;
}

function laySample(
  study: BroughtIn,
  at: At,
  sample: { id: string; onDay: string; study: string; series: string; sequence: number; number: string },
  laid: Laid,
): void {
  const condition = study.content.conditions.find(({ key }) => key === at.condition)?.title ?? at.condition;
  const begun = Date.parse(`${sample.onDay}T09:00:00Z`);
  const entered = working(begun + 26 * hourMs);
  const checked = working(entered + 5 * hourMs);
  const verified = study.verified(at);
  let worst = "in";
  for (const { methodId, analyte: key } of study.specification.limits) {
    const method = study.methods.get(methodId);
    if (method === undefined) continue;
    const analyte = analyteOf(method, key);
    const limit = study.specification.limits.find((each) => each.analyte === key);
    const text = study.value({ ...at, analyte: key });
    const read = readValue(text, { ...analyte, kind: analyte.kind === "text" ? "text" : "number" });
    if (!read.ok) throw new Error(`${key}: ${read.why}`);
    const { verdict } = judgeValue(read.value, limit, analyte);
    if (verdict === "out" || (verdict === "warn" && worst !== "out")) worst = verdict;
    laid.results.push({
      row: {
        id: idAt(entered),
        sample_id: sample.id,
        method_version_id: method.id,
        kind: "sample",
        analyte: key,
        name: analyte.name,
        unit: analyte.unit,
        attempt: 1,
        state: verified ? "verified" : "entered",
        text,
        number: read.value.number === null ? null : sayDecimal(read.value.number),
        qualifier: read.value.qualifier,
        verdict,
        source: "keyboard",
        entered_at: iso(entered),
        entered_name: study.analyst(at),
        verified_at: verified ? iso(checked) : null,
        verified_name: verified ? study.reviewer(at) : null,
      },
      fields: { text, verdict },
    });
  }
  laid.samples.push({
    row: {
      id: sample.id,
      series: sample.series,
      sequence: sample.sequence,
      number: sample.number,
      product_id: study.productId,
      specification_version_id: study.specification.id,
      lot: at.lot,
      remark: `${sample.study}, ${condition}, ${at.months} months`,
      priority: "routine",
      state: verified ? "verified" : "tested",
      verdict: worst,
      sampled_at: `${sample.onDay}T08:20:00Z`,
      received_at: new Date(begun).toISOString(),
      received_name: study.analyst(at),
      place: "Shelf S2",
      verified_at: verified ? iso(checked) : null,
      find: findText([sample.number, study.title, at.lot, sample.study, condition]),
    },
    fields: { number: sample.number, lot: at.lot },
  });
}

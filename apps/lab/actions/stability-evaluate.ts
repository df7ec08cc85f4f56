import { createHash, randomUUIDv7 as uuidv7 } from "node:crypto";
import { canonicalText, doorProblem, type Tx } from "@probity/kernel";
import { insertAll } from "../bulk.ts";
import { query } from "../query.ts";
import {
  curveOf,
  extrapolationLimit,
  judgeShelfLife,
  significantChanges,
  type Judgement,
  type Reading,
  type Shown,
} from "../statistic/shelf-life.ts";
import type { Batch, Limits } from "../statistic/stability.ts";
import type { Condition } from "../statistic/study-plan.ts";
import { nameOfActor } from "./save-result.ts";
import {
  limitsOfProtocol,
  openQuestions,
  pullRows,
  studyHead,
  studyProtocols,
  studyResults,
  type StudyResult,
} from "./stability-data.ts";
import { stabilityProblem as problem } from "./stability-error.ts";

/** Which attribute under which condition, from data up to which time point. */
export type Question = {
  readonly analyte: string;
  readonly condition: string;
  readonly throughMonths?: number | undefined;
};

const format = "probity-stability-evaluation/1";
const method =
  "ICH Q1E, appendix B: analysis of covariance over batches at nominal time points, slopes then intercepts tested at 0.25, one variance; bound of the mean one-sided at 95 %, for two limits each at 97.5 %; the worst batch decides; whole months, rounded down.";

/**
 * Evaluates one attribute as the data are now. What forbids an estimate is said in `refused`, each a sentence; what can be
 * shown all the same is shown.
 */
export async function evaluateStudy(tx: Tx, studyId: string, { analyte, condition: key, throughMonths }: Question) {
  // 1. The study, its protocol, the attribute and its limit.
  const study = await studyHead(tx, studyId);
  const protocol = (await studyProtocols(tx, studyId)).find(({ state }) => state === "approved");
  if (protocol === undefined) throw problem.protocol_unapproved({ values: { number: study.number } });
  const condition = protocol.content.conditions.find((each) => each.key === key);
  const specification = await limitsOfProtocol(tx, protocol);
  const limit = specification.limits.find((each) => each.analyte === analyte);
  if (condition === undefined || condition.kind === "initial" || limit === undefined) throw doorProblem.not_found();
  const [lower, upper] = [limit.low ?? null, limit.high ?? null];
  const limits: Limits = {
    ...(lower === null ? {} : { lower: Number(lower) }),
    ...(upper === null ? {} : { upper: Number(upper) }),
  };
  const initial = protocol.content.conditions.find(({ kind }) => kind === "initial")?.key;
  const [results, pulls] = [await studyResults(tx, studyId), await pullRows(tx, studyId)];
  const own = results.filter(
    (each) => each.analyte === analyte && (each.condition === key || each.condition === initial),
  );
  const name = own[0]?.name ?? analyte;
  const unit = own[0]?.unit ?? "";
  // 2. Every result up to a time point: none of them may be left out.
  const lots = [...new Set(pulls.map(({ batch }) => batch))];
  const through = throughMonths ?? commonMonths(own, lots, condition);
  const within = own.filter((each) => each.months <= through);
  const verified = within.filter((each) => each.state === "verified");
  const usable = verified.filter((each) => each.number !== null && each.qualifier === null);
  const batches: Batch[] = lots.flatMap((lot) => {
    const points = usable
      .filter((each) => each.batch === lot)
      .map((each) => ({ x: each.months, y: Number(each.number) }));
    return points.length === 0 ? [] : [{ name: lot, points }];
  });
  // 3. What forbids it.
  const waiting = within.filter((each) => each.state !== "verified");
  const censored = verified.filter((each) => each.qualifier !== null);
  const words = verified.filter((each) => each.number === null);
  const short = batches.filter(({ points }) => new Set(points.map(({ x }) => x)).size < 3);
  const questions = await openQuestions(tx, studyId, analyte);
  const refused = [
    ...(condition.kind === "long-term" ? [] : ["A shelf life is estimated from the long-term condition alone."]),
    ...(limits.lower === undefined && limits.upper === undefined ? [`${name} has no numeric limit.`] : []),
    ...(words.length > 0 ? [`${name} is determined in words.`] : []),
    ...(censored.length > 0
      ? [`${count(censored.length, "result")} below or beyond what can be quantified: ${listed(censored)}.`]
      : []),
    ...(waiting.length > 0 ? [`${count(waiting.length, "result")} not verified: ${listed(waiting)}.`] : []),
    ...(questions.length > 0
      ? [`What is out of specification is not explained to its end: ${questions.join(", ")}.`]
      : []),
    ...(batches.length < 3 ? [`${count(batches.length, "batch", "batches")} with data; ICH Q1E asks for three.`] : []),
    ...(short.length > 0 ? [`Fewer than three time points: ${short.map(({ name: lot }) => lot).join(", ")}.`] : []),
  ];
  // 4. What the harsher conditions showed, and how far beyond the data one may go.
  const harsher = (kind: Condition["kind"]) =>
    shownAt(
      results,
      protocol.content.conditions,
      lots,
      kind,
      specification.limits.map((each) => each.analyte),
      protocol.content.assays,
    );
  const [accelerated, intermediate] = [harsher("accelerated"), harsher("intermediate")];
  const covered = Math.min(...batches.map(({ points }) => Math.max(...points.map(({ x }) => x))), through);
  const extrapolation = extrapolationLimit(
    protocol.content.keeping,
    Math.max(covered, 0),
    accelerated.shown,
    intermediate.shown,
  );
  const judged = judge(batches, limits, extrapolation);
  const input = (each: StudyResult) => ({
    batch: each.batch,
    condition: each.condition,
    months: each.months,
    analyte: each.analyte,
    value: each.number,
    text: each.text,
    verdict: each.verdict,
    sample: each.sample,
    resultId: each.id,
    resultVersion: each.version,
  });
  const content = {
    format,
    method,
    study: { id: study.id, number: study.number, title: study.title, product: `${study.productCode} ${study.product}` },
    protocol: {
      id: protocol.id,
      number: protocol.number,
      version: protocol.version,
      keeping: protocol.content.keeping,
    },
    specification: { versionId: specification.id, code: specification.code, number: specification.number },
    attribute: { analyte, name, unit, lower, upper },
    condition: { key, title: condition.title, kind: condition.kind },
    throughMonths: through,
    inputs: usable.map(input),
    supporting: [...accelerated.readings, ...intermediate.readings].map(input),
    notPulled: pulls
      .filter(
        (each) =>
          (each.condition === key || each.condition === initial) && each.months <= through && each.state !== "pulled",
      )
      .map(({ batch, condition: at, months, state }) => ({ batch, condition: at, months, state })),
    significantChange: {
      accelerated: { shown: accelerated.shown, findings: accelerated.findings },
      intermediate: { shown: intermediate.shown, findings: intermediate.findings },
    },
    extrapolation,
    result: judged === null ? null : resultOf(judged),
  };
  const until = Math.max(extrapolation.limit, covered, 6) * 1.15;
  const curves =
    judged === null
      ? []
      : batches.map((batch, at) => ({
          batch: batch.name,
          points: curveOf(batches, judged.fit, at, until, judged.confidence),
        }));
  return {
    content,
    refused,
    curves,
    until,
    readings: own.map(input),
    states: own.map(({ id, state, reported }) => ({ id, state, reported })),
  };
}

/** Keeps an evaluation as it is now, for good; refused with every reason where the data do not allow it. */
export async function freezeEvaluation(tx: Tx, studyId: string, question: Question) {
  const held = await tx.first(query.selectFrom("lab.study").select("id").where("id", "=", studyId).forUpdate());
  if (!held) throw doorProblem.not_found();
  const { content, refused } = await evaluateStudy(tx, studyId, question);
  if (refused.length > 0 || content.result === null)
    throw problem.evaluation_refused({
      values: { why: refused.join(" ") || "The data do not make a line." },
      members: { reasons: refused },
    });
  const last = await tx.first(
    query
      .selectFrom("lab.study_evaluation")
      .select("number")
      .where("study_id", "=", studyId)
      .orderBy("number", "desc")
      .limit(1),
  );
  const [id, number] = [uuidv7(), (last?.number ?? 0) + 1];
  const sha256 = createHash("sha256").update(canonicalText(content)).digest("hex");
  await insertAll(tx, "lab.study_evaluation", "lab.study_evaluation.create", [
    {
      row: {
        id,
        study_id: studyId,
        number,
        analyte: question.analyte,
        condition: question.condition,
        through_months: content.throughMonths,
        months: content.result.months,
        content,
        sha256,
        made_name: await nameOfActor(tx),
      },
      fields: { number, analyte: question.analyte, months: content.result.months, sha256 },
    },
  ]);
  return { id, number, months: content.result.months, sha256 };
}

function judge(
  batches: readonly Batch[],
  limits: Limits,
  extrapolation: Parameters<typeof judgeShelfLife>[2],
): Judgement | null {
  try {
    return judgeShelfLife(batches, limits, extrapolation);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function resultOf({ fit, model, why, confidence, crossing, months, said }: Judgement) {
  return {
    model,
    why,
    tests: { level: 0.25, slopesDiffer: fit.slopesDiffer ?? null, interceptsDiffer: fit.interceptsDiffer ?? null },
    lines: fit.lines.map(({ name, intercept, slope }) => ({ batch: name, intercept, slope })),
    variance: fit.variance,
    degrees: fit.degrees,
    confidence,
    crossing,
    months,
    said,
  };
}

/** The last time point up to which every batch has its verified results. */
function commonMonths(own: readonly StudyResult[], lots: readonly string[], { months }: Condition): number {
  const complete = months.filter((month) =>
    lots.every((lot) => own.some((each) => each.batch === lot && each.months === month && each.state === "verified")),
  );
  return complete.at(-1) ?? months[0] ?? 1;
}

/** Six months of a harsher condition: a change is a change at once, none only when every attribute of every batch is in. */
function shownAt(
  results: readonly StudyResult[],
  conditions: readonly Condition[],
  lots: readonly string[],
  kind: Condition["kind"],
  analytes: readonly string[],
  assays: readonly string[],
): { shown: Shown; findings: string[]; readings: StudyResult[] } {
  const keys = conditions.filter((each) => each.kind === kind).map((each) => each.key);
  const initial = conditions.find((each) => each.kind === "initial")?.key;
  const verified = results.filter((each) => each.state === "verified");
  const readings = verified.filter((each) => keys.includes(each.condition) && each.months <= 6);
  const first = verified.filter((each) => each.condition === initial);
  const read = (each: StudyResult): Reading => ({
    batch: each.batch,
    analyte: each.analyte,
    name: each.name,
    months: each.months,
    value: each.number === null || each.qualifier !== null ? null : Number(each.number),
    outOfSpecification: each.verdict === "out",
  });
  const findings = significantChanges(readings.map(read), first.map(read), assays);
  const whole =
    keys.length > 0 &&
    lots.every((lot) =>
      analytes.every((analyte) =>
        readings.some((each) => each.batch === lot && each.analyte === analyte && each.months === 6),
      ),
    );
  return {
    shown: findings.length > 0 ? "change" : whole ? "no-change" : "missing",
    findings,
    readings: [...readings, ...first.filter((each) => assays.includes(each.analyte))],
  };
}

const count = (of: number, one: string, many = `${one}s`) => (of === 1 ? `1 ${one}` : `${of} ${many}`);
const listed = (results: readonly StudyResult[]) =>
  [...new Set(results.map(({ sample, months }) => `${sample} (${months} months)`))].slice(0, 5).join(", ");

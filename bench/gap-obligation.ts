/**
 * Single documents against single requirements or obligations, judged by independent readers (bench/gap-labels/*.jsonl:
 * `{set, document, requirement, label: full|partial|none, reason}`). Prints accuracy, macro-F1 and the majority baseline
 * with 95 % intervals, and the agreement of two readings.
 * Run: node bench/gap-obligation.ts [set …]; without a set, all of them. Terms are tuned on pactosigna alone.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { analyse } from "../apps/regulatory-docs/engine/analyse.ts";
import { documentFromText } from "../apps/regulatory-docs/engine/document.ts";
import { loadPack, type Pack } from "../apps/regulatory-docs/engine/pack.ts";
import { type GapStatus, statusOf } from "../apps/regulatory-docs/engine/result.ts";
import { keywords } from "./gap-baseline.ts";
import { withInterval } from "./gap-measure.ts";

const LABELS = ["full", "partial", "none"] as const;
type Label = (typeof LABELS)[number];

interface Reading {
  set: string;
  document: string;
  requirement: string;
  label: Label;
}

interface Answer {
  coverage: number;
  status: GapStatus;
  meant: boolean;
}

interface Judged extends Reading, Answer {
  answer: Label;
}

const ROOT = process.env.PROBITY_QMS_SETS ?? "/work/shared/data/qms";
const FOLDER = join(import.meta.dirname, "gap-labels");
const SECOND = "second-reading.jsonl";

function main(): void {
  if (!existsSync(FOLDER) || !existsSync(ROOT)) {
    console.log(`Skipped: labels (${FOLDER}) or sets (${ROOT}) are not here.`);
    return;
  }
  const wanted = process.argv.slice(2).filter((one) => !one.startsWith("--"));
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".jsonl") && file !== SECOND);
  const readings = files.flatMap((file) => readLabels(join(FOLDER, file)));
  const pack = loadPack("iso-13485");
  for (const set of [...new Set(readings.map((reading) => reading.set))].toSorted()) {
    if (wanted.length > 0 && !wanted.includes(set)) continue;
    report(
      set,
      judge(
        pack,
        readings.filter((reading) => reading.set === set),
      ),
      pack,
    );
  }
  const second = join(FOLDER, SECOND);
  if (existsSync(second) && wanted.length === 0) agreement(readings, readLabels(second));
}

function judge(pack: Pack, readings: readonly Reading[]): Judged[] {
  const answers = new Map<string, Map<string, Answer>>();
  return readings.flatMap((reading): Judged[] => {
    const key = `${reading.set}/${reading.document}`;
    let answer = answers.get(key);
    if (!answer) {
      const file = fileOf(reading);
      if (!file) return [];
      answer = new Map();
      for (const one of analyse(pack, [documentFromText(key, readFileSync(file, "utf8"))]).requirements) {
        const status = one.status === "not-assessable" ? statusOf(one.coverage) : one.status;
        answer.set(one.id, { coverage: one.coverage, status, meant: one.addressed.meant });
        for (const part of one.obligations)
          answer.set(`${one.id}/${part.id}`, { coverage: part.coverage, status: part.status, meant: false });
      }
      answers.set(key, answer);
    }
    const given = answer.get(reading.requirement);
    return given ? [{ ...reading, ...given, answer: labelOf(given.status) }] : [];
  });
}

function report(set: string, judged: readonly Judged[], pack: Pack): void {
  const counts = LABELS.map((label) => judged.filter((one) => one.label === label).length);
  const most = LABELS[counts.indexOf(Math.max(...counts))] ?? "none";
  console.log(`\n${set}: ${judged.length} pairs (full ${counts[0]}, partial ${counts[1]}, none ${counts[2]})`);
  const accuracy = (sample: readonly Judged[]): number =>
    sample.filter((one) => one.answer === one.label).length / sample.length;
  console.log(`  accuracy  ${withInterval(judged, accuracy)}`);
  console.log(`  macro-F1  ${withInterval(judged, macroF1)}`);
  const always = judged.map((one) => ({ ...one, answer: most }));
  console.log(`  always “${most}”  accuracy ${withInterval(always, accuracy)}  macro-F1 ${macroF1(always).toFixed(3)}`);
  const words = byKeywords(judged, pack);
  console.log(`  two keywords  accuracy ${withInterval(words, accuracy)}  macro-F1 ${macroF1(words).toFixed(3)}`);
  for (const label of LABELS) {
    const scores = judged
      .filter((one) => one.label === label)
      .map((one) => one.coverage)
      .toSorted((a, b) => a - b);
    const at = (share: number): string => (scores[Math.floor(share * (scores.length - 1))] ?? 0).toFixed(2);
    console.log(
      `  coverage of “${label}”: 10 % ${at(0.1)}  25 % ${at(0.25)}  50 % ${at(0.5)}  75 % ${at(0.75)}  90 % ${at(0.9)}`,
    );
  }
  const meant = LABELS.map((label) => {
    const some = judged.filter((one) => one.label === label);
    return `${label} ${some.filter((one) => one.meant).length} of ${some.length}`;
  });
  console.log(`  the document is called meant for the requirement: ${meant.join(", ")}`);
  if (process.argv.includes("--sweep")) sweep(judged);
  console.log("  rows = readers, columns = engine: full, partial, none");
  for (const label of LABELS) {
    const row = LABELS.map((answer) => judged.filter((one) => one.label === label && one.answer === answer).length);
    console.log(`    ${label.padEnd(8)} ${row.map((count) => String(count).padStart(4)).join(" ")}`);
  }
}

function byKeywords(judged: readonly Judged[], pack: Pack): Judged[] {
  const scorer = keywords();
  return judged.map((one) => {
    const requirement = pack.requirements.find((other) => other.id === one.requirement.split("/")[0]);
    const file = fileOf(one);
    if (!requirement || !file) return one;
    const found = scorer(requirement, [documentFromText(one.document, readFileSync(file, "utf8"))]);
    return { ...one, answer: found >= 2 ? "full" : found === 1 ? "partial" : "none" };
  });
}

function macroF1(sample: readonly Judged[]): number {
  const scores = LABELS.filter((label) => sample.some((one) => one.label === label || one.answer === label)).map(
    (label) => {
      const hit = sample.filter((one) => one.label === label && one.answer === label).length;
      const all =
        sample.filter((one) => one.label === label).length + sample.filter((one) => one.answer === label).length;
      return all === 0 ? 0 : (2 * hit) / all;
    },
  );
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

/** Cohen's kappa of the two readings of the same pairs. */
function agreement(first: readonly Reading[], second: readonly Reading[]): void {
  const key = (one: Reading): string => `${one.set}|${one.document}|${one.requirement}`;
  const known = new Map(first.map((one) => [key(one), one.label]));
  const pairs = second.flatMap((one): [Label, Label][] => {
    const before = known.get(key(one));
    return before ? [[before, one.label]] : [];
  });
  if (pairs.length === 0) return;
  const kappa = (sample: readonly [Label, Label][]): number => {
    const seen = sample.filter(([a, b]) => a === b).length / sample.length;
    const chance = LABELS.reduce((sum, label) => {
      const a = sample.filter(([one]) => one === label).length / sample.length;
      const b = sample.filter(([, one]) => one === label).length / sample.length;
      return sum + a * b;
    }, 0);
    return chance === 1 ? 1 : (seen - chance) / (1 - chance);
  };
  const equal = pairs.filter(([a, b]) => a === b).length;
  console.log(`\ntwo readings of ${pairs.length} pairs: ${equal} agree, kappa ${withInterval(pairs, kappa)}`);
}

function fileOf(reading: Reading): string | undefined {
  const folder = join(ROOT, reading.set);
  if (!existsSync(folder)) return undefined;
  const files = readdirSync(folder);
  const file =
    files.find((one) => one === reading.document || one === `${reading.document}.md`) ??
    files.find((one) => one.startsWith(reading.document));
  return file ? join(folder, file) : undefined;
}

function readLabels(file: string): Reading[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .flatMap((line): Reading[] => {
      const value: unknown = JSON.parse(line);
      if (typeof value !== "object" || value === null) return [];
      const fields = Object.fromEntries(Object.entries(value));
      const label = LABELS.find((one) => one === fields.label);
      return label
        ? [
            {
              set: String(fields.set),
              document: String(fields.document),
              requirement: String(fields.requirement),
              label,
            },
          ]
        : [];
    });
}

function labelOf(status: GapStatus): Label {
  if (status === "covered") return "full";
  return status === "partial" ? "partial" : "none";
}

/** Accuracy and macro-F1 over pairs of thresholds, for choosing them on the tuning set. */
function sweep(judged: readonly Judged[]): void {
  for (const low of [0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4]) {
    const cells = [0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9].map((high) => {
      const again = judged.map((one): Judged => ({
        ...one,
        answer: one.coverage < low ? "none" : one.coverage < high ? "partial" : "full",
      }));
      const right = again.filter((one) => one.answer === one.label).length / again.length;
      return `${high}: ${right.toFixed(2)}/${macroF1(again).toFixed(2)}`;
    });
    console.log(`  gap below ${low.toFixed(2)}, covered from ${cells.join("  ")}`);
  }
}

main();

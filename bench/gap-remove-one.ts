/**
 * Remove one procedure: its requirements must turn into gaps, and no document be meant for them any more. Prints rank and
 * decision quality with 95 % intervals beside two baselines, of both measures: coverage (what is said) and addressed (which
 * document it belongs in). Terms, weights and both cuts were set on pactosigna alone. Run: node bench/gap-remove-one.ts [folder of sets]. Gold: bench/gap-gold.yaml.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { analyse } from "../apps/regulatory-docs/engine/analyse.ts";
import { type AnalysisDocument, documentFromText } from "../apps/regulatory-docs/engine/document.ts";
import { loadPack, type Pack } from "../apps/regulatory-docs/engine/pack.ts";
import { ADDRESSED_FROM, GAP_BELOW, type RequirementResult } from "../apps/regulatory-docs/engine/result.ts";
import { type Scorer, bm25, decoys, keywords } from "./gap-baseline.ts";
import { type Pair, auc, bestThreshold, decide, mostAccurate, withInterval } from "./gap-measure.ts";

interface Gold {
  carriers: Record<string, string[]>;
  also: Record<string, string[]>;
  gaps: string[];
  skeletons: Record<string, string[]>;
}

const ROOT = process.argv[2] ?? "/work/shared/data/qms";
const verbose = process.argv.includes("--verbose");

/** Threshold of pairs that are decisions already: they have no ranking. */
const DECIDED = 0.5;

function main(): void {
  if (!existsSync(ROOT)) {
    console.log(`Skipped: no procedure sets at ${ROOT}.`);
    return;
  }
  const pack = loadPack("iso-13485");
  const gold = readGold(join(import.meta.dirname, "gap-gold.yaml"));
  const [engine, addressed] = engineScorers(pack);
  const all: Record<string, Pair[]> = {};
  for (const [set, truth] of Object.entries(gold)) {
    const documents = readSet(join(ROOT, set));
    const pairs = pairsOf(pack, truth, documents, engine);
    all[set] = pairs;
    console.log(`\n${set}: ${documents.length} documents, ${count(pairs, true)} treated, ${count(pairs, false)} gaps`);
    report("coverage", pairs, GAP_BELOW);
    if (count(pairs, true) > 0) {
      const decoyed = [...documents, ...decoys(pack).map((one) => documentFromText(one.name, one.text))];
      const rescued = pairsOf(pack, truth, decoyed, engine);
      report("coverage, with manual, mapping, list and contents page", rescued, GAP_BELOW);
      if (verbose)
        for (const pair of rescued)
          if (!pair.positive && pair.score >= GAP_BELOW)
            console.log(`      rescued: ${pair.score.toFixed(3)} ${pair.key}`);
      const bm = pairsOf(pack, truth, documents, bm25());
      report("BM25 best section (threshold fitted on this set)", bm, bestThreshold(bm));
      report("two keywords anywhere", pairsOf(pack, truth, documents, keywords()), 2);
      const meant = pairsOf(pack, truth, documents, addressed);
      report("addressed", meant, ADDRESSED_FROM);
      report(
        "addressed, with manual, mapping, list and contents page",
        pairsOf(pack, truth, decoyed, addressed),
        ADDRESSED_FROM,
      );
      console.log(`  addressed, fitted on this set: threshold ${bestThreshold(meant).toFixed(3)}`);
      carriersNamed(pack, truth, documents);
      swapHalves(pairs);
      console.log(`  fitted on this set, for comparison: threshold ${bestThreshold(pairs).toFixed(3)}`);
    } else if (Object.keys(truth.skeletons).length > 0) carriersNamed(pack, truth, documents);
    else report("addressed", pairsOf(pack, truth, documents, addressed), ADDRESSED_FROM);
    skeletons(pack, truth, documents, engine);
    if (verbose) {
      for (const pair of pairs.toSorted((a, b) => a.score - b.score)) {
        const wrong = pair.score >= GAP_BELOW !== pair.positive ? "  <<" : "";
        console.log(`    ${pair.score.toFixed(3)} ${pair.positive ? "treated" : "gap    "} ${pair.key}${wrong}`);
      }
    }
  }
  const pooled = Object.values(all).flat();
  console.log("\nall sets");
  report("coverage", pooled, GAP_BELOW);
  acrossSets(pack, gold);
  speed(pack);
}

/**
 * The two sets written for ISO 13485 against each other, taken literally: a procedure that is there counts as treating its
 * clause, the same set without it as a gap, and the threshold comes from the other set. Of lean-iso13485 every procedure is a
 * skeleton, so "there" means a title, headings and prompts: whether a document is meant for the clause (`addressed`) can be
 * told from that, what it says (`coverage`) can't, since it says nothing and is rightly found a gap. Two rules for the
 * threshold are printed, since a set of few that are there and many that are not makes them differ.
 */
function acrossSets(pack: Pack, gold: Record<string, Gold>): void {
  const scorers: [string, () => Scorer][] = [
    ["addressed", () => engineScorers(pack)[1]],
    ["coverage", () => engineScorers(pack)[0]],
    ["BM25 best section", bm25],
    ["two keywords anywhere", keywords],
  ];
  const sets = ["pactosigna", "lean-iso13485"].flatMap((set): [string, Gold][] => {
    const truth = gold[set];
    if (!truth) return [];
    const carriers = { ...truth.carriers, ...truth.skeletons };
    return [[set, { ...truth, carriers, gaps: truth.gaps.filter((id) => !(id in carriers)) }]];
  });
  for (const [name, make] of scorers) {
    const pairs = sets.map(([set, truth]) => pairsOf(pack, truth, readSet(join(ROOT, set)), make()));
    sets.forEach(([set], place) => {
      const [own, others] = [pairs[place] ?? [], pairs.filter((_, index) => index !== place).flat()];
      console.log(
        `\n${set}, threshold from the other set (${count(own, true)} there, ${count(own, false)} removed or missing)`,
      );
      report(`${name}, most right decisions there`, own, mostAccurate(others));
      report(`${name}, best mean of both recalls there`, own, bestThreshold(others));
    });
  }
}

function report(name: string, pairs: readonly Pair[], threshold: number): void {
  console.log(`  ${name}, threshold ${threshold.toFixed(3)}`);
  if (count(pairs, true) > 0 && threshold !== DECIDED) console.log(`    AUC           ${withInterval(pairs, auc)}`);
  console.log(`    accuracy      ${withInterval(pairs, (sample) => decide(sample, threshold).accuracy)}`);
  console.log(`    gap recall    ${withInterval(pairs, (sample) => decide(sample, threshold).gapRecall)}`);
  if (count(pairs, true) > 0)
    console.log(`    present       ${withInterval(pairs, (sample) => decide(sample, threshold).presentRecall)}`);
}

/** Threshold learned on the requirements of one half of the set, tested on the other, both ways. */
function swapHalves(pairs: readonly Pair[]): void {
  const half = (pair: Pair): boolean =>
    [...(pair.key.split(" ")[0] ?? "")].reduce((sum, one) => sum + (one.codePointAt(0) ?? 0), 0) % 2 === 0;
  const halves = [pairs.filter(half), pairs.filter((pair) => !half(pair))];
  const decisions = [0, 1].flatMap((side) => {
    const cut = bestThreshold(halves[1 - side] ?? []);
    return (halves[side] ?? []).map((pair) => ({ ...pair, score: pair.score >= cut ? 1 : 0 }));
  });
  report("coverage, threshold learned on the other half of the requirements", decisions, DECIDED);
}

function pairsOf(pack: Pack, truth: Gold, documents: readonly AnalysisDocument[], scorer: Scorer): Pair[] {
  const pairs: Pair[] = [];
  const byId = new Map(pack.requirements.map((requirement) => [requirement.id, requirement]));
  for (const [id, carriers] of Object.entries(truth.carriers)) {
    const requirement = byId.get(id);
    if (!requirement) continue;
    pairs.push({ key: `${id} present`, positive: true, score: scorer(requirement, documents) });
    if (truth.also[id]) continue;
    const rest = documents.filter((document) => !carriers.some((carrier) => document.name.startsWith(carrier)));
    pairs.push({ key: `${id} without ${carriers.join(", ")}`, positive: false, score: scorer(requirement, rest) });
  }
  for (const id of truth.gaps) {
    const requirement = byId.get(id);
    if (requirement) pairs.push({ key: `${id} natural`, positive: false, score: scorer(requirement, documents) });
  }
  return pairs;
}

/** Skeletons: still a gap while present, but never ranked below the set without them. */
function skeletons(pack: Pack, truth: Gold, documents: readonly AnalysisDocument[], scorer: Scorer): void {
  const ids = Object.keys(truth.skeletons);
  if (ids.length === 0) return;
  const pairs = pairsOf(pack, { carriers: truth.skeletons, also: {}, gaps: [], skeletons: {} }, documents, scorer);
  const present = pairs.filter((pair) => pair.positive);
  const gaps = present.filter((pair) => pair.score < GAP_BELOW).length;
  console.log(
    `  skeleton procedures: ${gaps} of ${present.length} still judged gaps; rank with against without: AUC ${auc(pairs).toFixed(3)}`,
  );
}

/** The engine's two measures of a requirement: coverage, and the claim of the document that is meant for it. */
function engineScorers(pack: Pack): [Scorer, Scorer] {
  const runs = new Map<string, Map<string, RequirementResult>>();
  const scorer =
    (figure: (result: RequirementResult) => number): Scorer =>
    (requirement, documents) => {
      const key = documents.map((document) => document.id).join("|");
      let run = runs.get(key);
      if (!run) {
        run = new Map(analyse(pack, documents).requirements.map((one) => [one.id, one]));
        runs.set(key, run);
      }
      const result = run.get(requirement.id);
      return result ? figure(result) : 0;
    };
  return [scorer((one) => one.coverage), scorer((one) => one.addressed.score)];
}

/** How often the document named as meant for a requirement is one a reader names. */
function carriersNamed(pack: Pack, truth: Gold, documents: readonly AnalysisDocument[]): void {
  const run = analyse(pack, documents);
  const named = Object.entries({ ...truth.carriers, ...truth.skeletons }).map(([id, carriers]) => {
    const name = run.requirements.find((one) => one.id === id)?.addressed.document?.name ?? "";
    return [...carriers, ...(truth.also[id] ?? [])].some((carrier) => name.startsWith(carrier));
  });
  console.log(`  addressed names a document that carries it: ${named.filter(Boolean).length} of ${named.length}`);
}

function speed(pack: Pack): void {
  const documents = readSet(join(ROOT, "pactosigna")).slice(0, 20);
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const before = performance.now();
    analyse(pack, documents);
    times.push(performance.now() - before);
  }
  times.sort((a, b) => a - b);
  console.log(
    `\nspeed: ${documents.length} documents × ${pack.requirements.length} requirements in ${(times[2] ?? 0).toFixed(0)} ms (median of 5)`,
  );
}

function readSet(folder: string): AnalysisDocument[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".md"))
    .toSorted()
    .map((file) => documentFromText(file, readFileSync(join(folder, file), "utf8")));
}

function readGold(file: string): Record<string, Gold> {
  const value: unknown = parse(readFileSync(file, "utf8"));
  const gold: Record<string, Gold> = {};
  for (const [set, entry] of entriesOf(value)) {
    const parts = Object.fromEntries(entriesOf(entry));
    const lists = (part: unknown): Record<string, string[]> =>
      Object.fromEntries(entriesOf(part).map(([id, list]) => [id, Array.isArray(list) ? list.map(String) : []]));
    gold[set] = {
      carriers: lists(parts.carriers),
      also: lists(parts.also),
      gaps: Array.isArray(parts.gaps) ? parts.gaps.map(String) : [],
      skeletons: lists(parts.skeletons),
    };
  }
  return gold;
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

function count(pairs: readonly Pair[], positive: boolean): number {
  return pairs.filter((pair) => pair.positive === positive).length;
}

main();

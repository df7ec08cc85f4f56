/**
 * Draws the pairs that no reader picks: for each document of chosen.jsonl one requirement outside the
 * document's own and neighbouring ones (`unrelated`), or a second reader's share of the labelled pairs
 * (`second`, 15 of each set, five per label as far as a set has them). Prints JSON lines. The seed is fixed,
 * so that anyone can draw again and find the same pairs.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const SEED = 13485;
const PER_SET = 15;
const LABELS = ["full", "partial", "none"];
const here = import.meta.dirname;

/** Mulberry32: returns numbers in [0, 1), the same ones for the same seed. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

type Line = Record<string, unknown>;

function readLines(name: string): Line[] {
  const text = readFileSync(join(here, name), "utf8");
  return text
    .split("\n")
    .filter(Boolean)
    .map((line): Line => JSON.parse(line));
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .toSorted((left, right) => left.key - right.key)
    .map((entry) => entry.item);
}

function drawUnrelated(): Line[] {
  const pack = readFileSync(join(here, "../../apps/regulatory-docs/packs/iso-13485.yaml"), "utf8");
  const ids = [...pack.matchAll(/^\s*- id: "?(\d[\d.]*)"?\s*$/gm)].map((match) => match[1] ?? "");
  const random = seededRandom(SEED);
  return readLines("chosen.jsonl").map((line) => {
    const taken = new Set([...strings(line.subject), ...strings(line.neighbour)]);
    const [requirement] = shuffled(
      ids.filter((id) => !taken.has(id)),
      random,
    );
    return { set: line.set, document: line.document, requirement };
  });
}

function drawSecond(): Line[] {
  const random = seededRandom(SEED);
  const lines = readLines("first-reading.jsonl");
  return [...new Set(lines.map((line) => line.set))].flatMap((set) => {
    const mine = shuffled(
      lines.filter((line) => line.set === set),
      random,
    );
    const even = LABELS.flatMap((label) =>
      mine.filter((line) => line.label === label).slice(0, PER_SET / LABELS.length),
    );
    // A set short of one label is filled up from the rest, in the order drawn.
    const rest = mine.filter((line) => !even.includes(line));
    return shuffled([...even, ...rest].slice(0, PER_SET), random).map((line) => {
      return { set, document: line.document, requirement: line.requirement };
    });
  });
}

const drawn = process.argv[2] === "second" ? drawSecond() : drawUnrelated();
for (const line of drawn) console.log(JSON.stringify(line));

// npm run bench verify: leaves a second of the offline verifier on one core, beside hashing the same leaves and nothing
// else; and the size of a proof in a log of ten million leaves.
import { createHash, hash } from "node:crypto";
import { hashRow, utf8, verifyBundle, verifyFile, type LeafLine } from "@probity/verify";
import { nodeProvider } from "@probity/verify/node";
import { bundleLines, platformPart, proofOfLeaf, TestLog } from "@probity/verify/testing";

type Figure = { what: string; reached: string; wanted: string; good: boolean };
const count = 20_000;
const rounds = 5;

export async function run(): Promise<Figure[]> {
  const log = new TestLog();
  log.grow(count);
  const closed = bundleLines(log).map((line) => JSON.stringify(line));
  const bare = bundleLines(log).map((line) => JSON.stringify(line.kind === "leaf" ? withoutFields(line) : line));
  const pin = { provider: nodeProvider, keys: [log.signer.vkey] };
  const texts = log.entries.map(({ leaf }) => utf8(leaf));

  const hashing = await leavesPerSecond(async () => {
    for (const text of texts) {
      hash("sha256", text, "buffer");
      hash("sha256", text.subarray(0, 65), "buffer");
    }
    return true;
  });
  const plain = await leavesPerSecond(
    async () => (await verifyBundle([{ lines: bare, bytes: 0 }], pin)).counts.verified === count,
  );
  const opened = await leavesPerSecond(
    async () => (await verifyBundle([{ lines: closed, bytes: 0 }], pin)).outcome === "VERIFIED",
  );

  const proof = proofOfLeaf(log, 17, {
    proof: hashRow(path(24)),
    platform: { ...platformPart(log), proof: hashRow(path(20)), placeProof: hashRow(path(10)) },
  });
  const bytes = JSON.stringify(proof).length;
  const small = JSON.stringify(proofOfLeaf(log, 17));
  const milliseconds = await millisecondsOf(async () => (await verifyFile([utf8(small)], pin)).outcome === "VERIFIED");
  return [
    figure("leaves/s a core", plain, 100_000, `two hashes a leaf and nothing else: ${hashing.toLocaleString("en")}`),
    figure("leaves/s, 2 fields open", opened, 50_000, "each field is a hash more, and one above them"),
    {
      what: "proof at 10 M leaves",
      reached: `${bytes} bytes, with its platform part`,
      wanted: "≤ 4096",
      good: bytes <= 4096,
    },
    {
      what: "one proof verified",
      reached: `${milliseconds.toFixed(2)} ms`,
      wanted: "< 10 ms",
      good: milliseconds < 10,
    },
  ];
}

function figure(what: string, reached: number, wanted: number, beside: string): Figure {
  return {
    what,
    reached: `${reached.toLocaleString("en")} (${beside})`,
    wanted: `≥ ${wanted.toLocaleString("en")}`,
    good: reached >= wanted,
  };
}

/** The median of several rounds. */
async function leavesPerSecond(work: () => Promise<boolean>): Promise<number> {
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = process.cpuUsage();
    if (!(await work())) throw new Error("The bundle was not verified");
    const { user, system } = process.cpuUsage(start);
    rates.push(count / ((user + system) / 1e6));
  }
  return Math.round(rates.toSorted((a, b) => a - b)[rounds >> 1] ?? 0);
}

async function millisecondsOf(work: () => Promise<boolean>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 200; round++) {
    const start = performance.now();
    if (!(await work())) throw new Error("The proof was not verified");
    times.push(performance.now() - start);
  }
  return times.toSorted((a, b) => a - b)[100] ?? 0;
}

/** A leaf without content, as a tile's reader sees it: its root says that there are fields, and none is shown. */
function withoutFields({ kind, index, leaf }: LeafLine): LeafLine {
  return { kind, index, leaf };
}

/** As many hashes as a proof of this length has. */
function path(length: number): Uint8Array[] {
  return Array.from({ length }, (_, place) => createHash("sha256").update(String(place)).digest());
}

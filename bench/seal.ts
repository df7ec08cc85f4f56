import { performance } from "node:perf_hooks";
import { sealPdf, timestampClient } from "../seal/index.ts";
import { plainFetch, testAuthority, testPdf, testSigner } from "../seal/testing/index.ts";
import { verifyPdf } from "../verify/pdf.ts";

const rounds = 15;

/** Time to seal a document of two pages with what is attached to a report, and to check it. */
export async function run(): Promise<{ what: string; reached: string; wanted: string; good: boolean }[]> {
  const pdf = await testPdf(2);
  const authority = await testAuthority({ revocable: true });
  const attachments = ["record.json", "signature-1.proof.json", "signature-2.proof.json"].map((name) => ({
    name,
    mediaType: "application/json",
    description: name,
    bytes: Buffer.from(JSON.stringify({ name, text: "x".repeat(4000) })),
  }));
  const common = { signer: testSigner(), name: "Bench", reason: "Bench", certify: true, attachments };
  const timestamps = [timestampClient(authority.url, { fetch: plainFetch })];
  try {
    const { pdf: sealed } = await sealPdf(pdf, { ...common, at: new Date() });
    return [
      figure("seal 2 pages, B-B", 2000, await median(() => sealPdf(pdf, { ...common, at: new Date() }))),
      figure(
        "seal 2 pages, B-LT, loopback",
        2000,
        await median(() => sealPdf(pdf, { ...common, at: new Date(), timestamps, fetch: plainFetch })),
      ),
      figure("check it", 500, await median(() => verifyPdf(sealed))),
    ];
  } finally {
    await authority.close();
  }
}

async function median(act: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    // oxlint-disable-next-line no-await-in-loop -- one after the other is what is measured
    await act();
    times.push(performance.now() - start);
  }
  return times.toSorted((left, right) => left - right)[rounds >> 1] ?? Number.NaN;
}

function figure(what: string, wantedMs: number, milliseconds: number) {
  return {
    what,
    reached: `${milliseconds.toFixed(0)} ms (median of ${rounds})`,
    wanted: `at most ${wantedMs} ms`,
    good: milliseconds <= wantedMs,
  };
}

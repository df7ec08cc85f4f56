import { sealCertificate, type SealTimes } from "../apps/lab/actions/certificate-seal.ts";
import { certify, openCertificates, prepared, published } from "../apps/lab/testing/certificate.ts";
import { signAs } from "../kernel/testing/index.ts";
import { testSealer } from "../seal/testing/index.ts";
import type { Figure } from "./request.ts";

const wantedMs = 2000;

/**
 * A certificate of analysis from its signature to the two files that leave: the ledger's proof, the printed pages, the seal
 * (without a time-stamping authority: its answer takes as long as it takes), and the encrypted store. The log is published
 * on request; a running instance publishes by itself within a tick of a second.
 */
export async function run(rounds = 12): Promise<Figure[]> {
  const sealer = testSealer();
  const open = await openCertificates(sealer);
  const { server } = open.world;
  try {
    const all: { total: number; times: SealTimes; publish: number }[] = [];
    const prepare: number[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      const sample = await published(open, { original: "8.1", ph: "6.4" });
      const asked = performance.now();
      const made = await prepared(open, sample);
      prepare.push(performance.now() - asked);
      const signed = await signAs(open.certifier, made.one, { ...certify, version: 1 });
      if (signed.status !== 201) throw new Error(`Signing answered ${signed.status}: ${signed.text}`);
      const start = performance.now();
      await open.log.publish();
      const publish = performance.now() - start;
      const times: SealTimes = { proof: 0, print: 0, seal: 0, store: 0 };
      await sealCertificate(server.kernel, sealer, open.certifier.session, made.id, times);
      all.push({ total: performance.now() - start, times, publish });
    }
    // The first reads the typefaces, once a process.
    const [first, ...rest] = all;
    const middle = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
    const part = (name: keyof SealTimes) => middle(rest.map(({ times }) => times[name]));
    const total = middle(rest.map((each) => each.total));
    const slowest = Math.max(...rest.map((each) => each.total));
    const publish = middle(rest.map((each) => each.publish));
    return [
      {
        what: "certificate, signed to sealed",
        reached: `median ${total.toFixed(0)} ms, slowest of ${rest.length} ${slowest.toFixed(0)} ms, first of a process ${(first?.total ?? 0).toFixed(0)} ms`,
        wanted: `≤ ${wantedMs} ms`,
        good: total <= wantedMs,
      },
      {
        what: "its parts",
        reached: `publishing ${publish.toFixed(0)}, proof ${part("proof").toFixed(0)}, print ${part("print").toFixed(0)}, seal ${part("seal").toFixed(0)}, store ${part("store").toFixed(0)} ms; preparing the draft ${middle(prepare).toFixed(0)} ms`,
        wanted: "the seal without an authority",
        good: true,
      },
    ];
  } finally {
    await open.log.close();
    await server.close();
  }
}

import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fetchOutside } from "../http/outgoing.ts";
import { originOf, platformLogId } from "./platform.ts";
import type { KeptCheckpoint } from "./outside-check.ts";
import type { WitnessPlace } from "./publish-store.ts";
import type { Outside } from "./stream/receiver.ts";

const waitSeconds = 5;
const mostEpochs = 5;
const mostFiles = 100;
const mostBytes = 64 * 1024;

/**
 * What is kept elsewhere and can be had at the start: what witnesses cosigned last (C2SP tlog-witness, the monitoring
 * address), and copies that were put into a folder beside the data: after a restore, the newest mail or file somebody has.
 */
export async function keptOutside(
  host: string,
  witnesses: readonly WitnessPlace[],
  options: { readonly folder: string; readonly outside: Outside },
): Promise<KeptCheckpoint[]> {
  const asked = witnesses.map((witness) => ofWitness(host, witness, options.outside));
  return [...(await inFolder(options.folder)), ...(await Promise.all(asked)).flat()];
}

async function ofWitness(host: string, { name, address }: WitnessPlace, outside: Outside): Promise<KeptCheckpoint[]> {
  const found: KeptCheckpoint[] = [];
  for (let epoch = 1; epoch <= mostEpochs; epoch += 1) {
    const hash = createHash("sha256")
      .update(originOf(host, platformLogId, epoch))
      .digest("hex");
    const { trustedOrigins } = outside;
    const answer = await fetchOutside(`${address.replace(/\/$/, "")}/${hash}/checkpoint`, {
      maxBytes: mostBytes,
      timeoutSeconds: waitSeconds,
      ...(trustedOrigins === undefined ? {} : { trustedOrigins }),
    }).catch(() => undefined);
    if (answer?.status !== 200) break;
    found.push({ holder: name, note: answer.body.toString("utf8") });
  }
  return found;
}

async function inFolder(folder: string): Promise<KeptCheckpoint[]> {
  const names = await readdir(folder).catch((): string[] => []);
  const found: KeptCheckpoint[] = [];
  for (const name of names.filter((each) => each.endsWith(".txt")).slice(0, mostFiles)) {
    const bytes = await readFile(join(folder, name));
    if (bytes.length <= mostBytes) found.push({ holder: name, note: bytes.toString("utf8") });
  }
  return found;
}

import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  checkpointText,
  consistencyRanges,
  ed25519Type,
  keyIdOf,
  leafHash,
  merkleRoot,
  noteText,
  proofFromLeaves,
  signatureLine,
  vkeyText,
} from "@probity/verify";
import { compute } from "@probity/verify/node";
import type { WitnessedLog } from "../ledger/witness/client.ts";
import { WitnessCore } from "../ledger/witness/core.ts";
import { witnessServer } from "../ledger/witness/server.ts";
import { WitnessState } from "../ledger/witness/state.ts";

function newKey(): { key: KeyObject; publicKey: Buffer } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return { key: privateKey, publicKey: Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url") };
}

/** A log in memory: as many leaves as a test wants, signed at any size, and a fork of itself. */
export class TestLog {
  readonly origin: string;
  readonly vkey: string;
  readonly #key = newKey();
  readonly #fork: string;

  constructor(origin: string, fork = "") {
    this.origin = origin;
    this.#fork = fork;
    this.vkey = compute(vkeyText(origin, ed25519Type, this.#key.publicKey));
  }

  note(size: number, fork = this.#fork): string {
    const text = checkpointText(this.origin, size, compute(merkleRoot(this.#leaves(size, fork))));
    const id = compute(keyIdOf(this.origin, ed25519Type, this.#key.publicKey));
    return noteText(text, [signatureLine(this.origin, id, sign(null, Buffer.from(text), this.#key.key))]);
  }
  proof(from: number, size: number, fork = this.#fork): Uint8Array[] {
    return compute(proofFromLeaves(consistencyRanges(from, size), this.#leaves(size, fork)));
  }
  at(size: number, fork = this.#fork): WitnessedLog {
    return { note: this.note(size, fork), size, consistency: async (from) => this.proof(from, size, fork) };
  }

  /** A fork shares nothing but the signer. */
  #leaves(size: number, fork: string): Uint8Array[] {
    return Array.from({ length: size }, (_, index) =>
      compute(leafHash(createHash("sha256").update(`${fork}${index}`).digest())),
    );
  }
}

export type TestWitness = {
  readonly url: string;
  readonly origin: string;
  readonly vkey: string;
  readonly core: WitnessCore;
  readonly folder: string;
  close(): Promise<void>;
};

/** Our witness on a free loopback port, with a key and a memory of its own. */
export async function openWitness(
  name: string,
  logs: readonly { readonly origin: string; readonly vkey: string }[],
  now: () => number = Date.now,
): Promise<TestWitness> {
  const folder = mkdtempSync(join(tmpdir(), "probity-witness-"));
  const watched = logs.map(({ origin, vkey }) => ({ origin, vkeys: [vkey] }));
  const core = new WitnessCore(name, newKey(), new WitnessState(folder), watched, now);
  const server = witnessServer(core, (error) => process.stderr.write(`${String(error)}\n`));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const origin = `http://127.0.0.1:${address.port}`;
  return {
    url: `${origin}/w`,
    origin,
    vkey: core.vkey,
    core,
    folder,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Publisher, type PublisherOptions } from "../ledger/publisher.ts";
import { SignerCore } from "../ledger/signer-core.ts";
import { openSignerKey } from "../ledger/signer-key.ts";
import { SignerState } from "../ledger/signer-state.ts";
import type { Signer } from "../ledger/signer.ts";
import { asDoor } from "./record-suite.ts";
import { testRootKey } from "./database.ts";
import type { TestKernel } from "./kernel.ts";

export type TestLog = {
  readonly publisher: Publisher;
  /** Folder of the signer's key and memory. */
  readonly folder: string;
  /** Places, signs and publishes everything that is committed. */
  publish(): Promise<void>;
  close(): Promise<void>;
};

/** The real signer's rules and memory, in this process. */
export function signerIn(folder: string): Signer {
  const state = new SignerState(join(folder, "signer"));
  const core = new SignerCore(openSignerKey(join(folder, "log.key")), state);
  return {
    heads: async () => ({ publicKey: core.publicKey, heads: core.heads() }),
    sign: async (requests) => core.sign(requests),
    continue: async (continuations) => core.continue(continuations),
    close: async () => state.close(),
  };
}

/** A log over this kernel's database, published on request: tiles, checkpoints and proofs are the real ones. */
export function openTestLog(
  kernel: TestKernel,
  options: Partial<PublisherOptions> & { readonly folder?: string } = {},
): TestLog {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "probity-log-"));
  const publisher = new Publisher({
    address: kernel.address,
    rootKey: testRootKey,
    host: "log.example",
    openSigner: async () => signerIn(folder),
    keyBesideData: true,
    ...options,
  });
  return {
    publisher,
    folder,
    publish: async () => {
      const deadline = Date.now() + 45_000;
      for (;;) {
        await kernel.sequencer.drain();
        const [row] = await asDoor({ kernel }, "select count(*)::integer as waiting from kernel.ledger_inbox");
        if (row?.["waiting"] === 0) break;
        if (Date.now() > deadline) throw new Error("Leaves still wait for their place");
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await publisher.drain();
    },
    close: async () => {
      await publisher.stop();
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

import { sha256 } from "@noble/hashes/sha2.js";
import { UsageError, verifyFile, type Provider, type SeenLeaf } from "@probity/verify";
import { browserProvider } from "@probity/verify/browser";
import { isPdf, verifyPdf } from "@probity/verify/pdf";
import type { VerifyAnswer, VerifyRequest } from "./verify-message.ts";

/** More than a person reads; leaves with a fault are kept whatever their place. */
const mostLeaves = 2_000;

/** Verifies a file beside the page's own thread. Nothing of the file is sent anywhere: this worker makes no request. */
addEventListener("message", ({ data }: MessageEvent<VerifyRequest>) => {
  judge(data).then(answer, (error: unknown) =>
    answer(
      error instanceof UsageError
        ? { kind: "usage", text: error.message }
        : { kind: "failed", text: error instanceof Error ? error.message : String(error) },
    ),
  );
});

function answer(message: VerifyAnswer): void {
  postMessage(message);
}

async function judge({ file, keys, fingerprints, checkpoint }: VerifyRequest): Promise<VerifyAnswer> {
  const web = browserProvider();
  if (web === undefined) throw new Error("The browser gives this page no means to check signatures");
  // Asked one by one, WebCrypto takes three times as long for hashes this small; signatures stay with it.
  const provider: Provider = { ...web, hashAll: (inputs) => inputs.map((input) => sha256(input)) };
  const leaves: SeenLeaf[] = [];
  let read = 0;
  let told = 0;
  const options = {
    provider,
    keys,
    ...(checkpoint === "" ? {} : { checkpoint }),
    onLeaf: (leaf: SeenLeaf) => {
      if (leaves.length < mostLeaves || leaf.fault !== undefined) leaves.push(leaf);
    },
    onProgress: (bytes: number, count: number) => {
      read += bytes;
      const now = performance.now();
      if (now - told < 100) return;
      told = now;
      answer({ kind: "progress", bytes: read, leaves: count });
    },
  };
  if (isPdf(new Uint8Array(await file.slice(0, 1024).arrayBuffer()))) {
    const { attachments, ...report } = await verifyPdf(new Uint8Array(await file.arrayBuffer()), {
      fingerprints,
      verify: options,
    });
    return { kind: "pdf", report, attachments: attachments.map(({ name }) => name) };
  }
  const verdict = await verifyFile(chunksOf(file), options);
  return { kind: "verdict", verdict, leaves };
}

// Not for await over the stream: Safari's streams can't be iterated.
async function* chunksOf(file: File): AsyncGenerator<Uint8Array> {
  const reader = file.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

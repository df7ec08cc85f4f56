import { createHash, createSecretKey, randomBytes } from "node:crypto";
import { open, rm, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFrames, sealFrames } from "../kernel/vault/frame.ts";

/**
 * What sealing costs an upload: the same bytes hashed and written, with and without sealing, and opened again. Prints
 * MB/s (1 MB = 1,048,576 bytes), the median of five rounds.
 */

const megabyte = 1024 * 1024;
const sizeMegabytes = Number(process.argv[2] ?? 64);
const chunk = randomBytes(megabyte);
const key = createSecretKey(randomBytes(32));
const binding = { tenantId: "tenant", blobId: "blob", keyId: "k1" };
const folder = await mkdtemp(join(tmpdir(), "probity-seal-"));
const plainFile = join(folder, "plain");
const sealedFile = join(folder, "sealed");

async function* source(hash?: ReturnType<typeof createHash>): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < sizeMegabytes; index += 1) {
    hash?.update(chunk);
    yield chunk;
  }
}

async function write(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, "w");
  try {
    for await (const piece of pieces) await file.write(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function drain(pieces: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of pieces) if (piece.length < 0) throw new Error("unreachable");
}

async function measure(name: string, action: () => Promise<void>): Promise<void> {
  const rates: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const start = performance.now();
    await action();
    rates.push((sizeMegabytes * 1000) / (performance.now() - start));
  }
  rates.sort((a, b) => a - b);
  console.log(
    `${name.padEnd(28)}${Math.round(rates[2] ?? 0)
      .toLocaleString("en-US")
      .padStart(8)} MB/s`,
  );
}

async function* readFile(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, "r");
  try {
    yield* file.createReadStream({ highWaterMark: megabyte, autoClose: false });
  } finally {
    await file.close();
  }
}

try {
  console.log(`${String(sizeMegabytes)} MB`);
  await measure("hash + write alone", () => write(plainFile, source(createHash("sha256"))));
  await measure("hash + seal + write", () => write(sealedFile, sealFrames(source(createHash("sha256")), key, binding)));
  await measure("seal alone, in memory", () => drain(sealFrames(source(), key, binding)));
  await measure("read alone", () => drain(readFile(plainFile)));
  await measure("read + open", () => drain(openFrames(readFile(sealedFile), key, binding)));
} finally {
  await rm(folder, { recursive: true, force: true });
}

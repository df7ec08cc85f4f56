import { createHash, createSecretKey, randomBytes } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blobIdentity, frameBytes, FrameError, openFrames, sealedBytes, sealFrames } from "./frame.ts";
import type { FrameBinding } from "./frame.ts";

const key = createSecretKey(randomBytes(32));
const binding: FrameBinding = { tenantId: "tenant-a", blobId: "blob-1", keyId: "k1" };
const headerBytes = 5 + 1 + 2 + 16;

async function collect(pieces: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}

async function seal(plaintext: Uint8Array, as: FrameBinding = binding): Promise<Buffer> {
  return Buffer.concat(await collect(sealFrames(plaintext, key, as)));
}

async function open(
  sealed: Uint8Array | AsyncIterable<Uint8Array>,
  as: FrameBinding = binding,
  with_ = key,
): Promise<Buffer> {
  return Buffer.concat(await collect(openFrames(sealed, with_, as)));
}

/** Header and frames, cut apart at the format's own boundaries. */
function cut(sealed: Buffer): { header: Buffer; frames: Buffer[] } {
  const frames: Buffer[] = [];
  for (let at = headerBytes; at < sealed.length; at += frameBytes + 16)
    frames.push(sealed.subarray(at, at + frameBytes + 16));
  return { header: sealed.subarray(0, headerBytes), frames };
}

async function* inChunks(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let index = 0; at < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

const lengths = fc.oneof(
  fc.constantFrom(0, 1, frameBytes - 1, frameBytes, frameBytes + 1, 2 * frameBytes, 3 * frameBytes + 7),
  fc.integer({ min: 0, max: 4 * frameBytes }),
);

describe("sealed frames", () => {
  test("what was sealed opens unchanged, in whatever chunks it comes and goes", async () => {
    await fc.assert(
      fc.asyncProperty(
        lengths,
        fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 5 }),
        async (length, sizes) => {
          const plaintext = randomBytes(length);
          const frames = sealFrames(inChunks(plaintext, sizes), key, binding);
          const sealed = Buffer.concat(await collect(frames));
          expect(sealed.length).toBe(sealedBytes(length, binding.keyId));
          expect((await open(inChunks(sealed, sizes))).equals(plaintext)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("any changed byte is refused, and no byte of its frame or a later one is released", async () => {
    const plaintext = randomBytes(2 * frameBytes + 500);
    const sealed = await seal(plaintext);
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const broken = Buffer.from(sealed);
        broken[at] = (broken[at] ?? 0) ^ change;
        let released = 0;
        const reading = (async () => {
          for await (const piece of openFrames(broken, key, binding)) released += piece.length;
        })();
        await expect(reading).rejects.toBeInstanceOf(FrameError);
        const intactFrames = Math.max(0, Math.floor((at - headerBytes) / (frameBytes + 16)));
        expect(released).toBe(intactFrames * frameBytes);
      }),
      { numRuns: 150 },
    );
  });

  test("a file cut short anywhere is refused, at a frame's end too", async () => {
    const sealed = await seal(randomBytes(3 * frameBytes));
    const { header, frames } = cut(sealed);
    await expect(open(Buffer.concat([header, ...frames.slice(0, 2)]))).rejects.toBeInstanceOf(FrameError);
    await expect(open(header)).rejects.toBeInstanceOf(FrameError);
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length - 1), async (length) => {
        await expect(open(sealed.subarray(0, length))).rejects.toBeInstanceOf(FrameError);
      }),
      { numRuns: 100 },
    );
  });

  test("frames in another order, repeated, left out or added are refused", async () => {
    const { header, frames } = cut(await seal(randomBytes(3 * frameBytes + 9)));
    const [a, b, c, d] = frames;
    if (a === undefined || b === undefined || c === undefined || d === undefined)
      throw new Error("four frames expected");
    for (const order of [[b, a, c, d], [a, b, b, d], [a, c, d], [a, b, c, d, d], [a, b, d, c], [d]]) {
      await expect(open(Buffer.concat([header, ...order]))).rejects.toBeInstanceOf(FrameError);
    }
    expect(await open(Buffer.concat([header, a, b, c, d]))).toHaveLength(3 * frameBytes + 9);
  });

  test("a frame of another file is refused, under the same key and even under the same blob id", async () => {
    const mine = cut(await seal(randomBytes(2 * frameBytes)));
    for (const other of [binding, { ...binding, blobId: "blob-2" }]) {
      const theirs = cut(await seal(randomBytes(2 * frameBytes), other));
      const swapped = Buffer.concat([mine.header, mine.frames[0] ?? mine.header, theirs.frames[1] ?? mine.header]);
      await expect(open(swapped)).rejects.toBeInstanceOf(FrameError);
    }
  });

  test("the last flag can't be flipped: a middle frame is no end, an end is no middle", async () => {
    const { header, frames } = cut(await seal(randomBytes(2 * frameBytes)));
    const [first, last] = frames;
    if (first === undefined || last === undefined) throw new Error("two frames expected");
    await expect(open(Buffer.concat([header, first]))).rejects.toBeInstanceOf(FrameError);
    // A full last frame with bytes after it is read as a middle one.
    await expect(open(Buffer.concat([header, first, last, Buffer.alloc(16)]))).rejects.toBeInstanceOf(FrameError);
  });

  test("another tenant, blob, key id or key is refused before a byte is released", async () => {
    const sealed = await seal(randomBytes(1000));
    await expect(open(sealed, { ...binding, tenantId: "tenant-b" })).rejects.toMatchObject({
      code: "unverified",
    });
    await expect(open(sealed, { ...binding, blobId: "blob-2" })).rejects.toMatchObject({
      code: "unverified",
    });
    await expect(open(sealed, { ...binding, keyId: "k2" })).rejects.toMatchObject({
      code: "other-key",
    });
    const other = createSecretKey(randomBytes(32));
    await expect(open(sealed, binding, other)).rejects.toMatchObject({ code: "unverified" });
    await expect(open(randomBytes(1000))).rejects.toMatchObject({ code: "not-sealed" });
  });

  test("the header's key id chooses the key, for files sealed before a rotation", async () => {
    const plaintext = randomBytes(10);
    const keys = new Map([["k1", key]]);
    const lookup = (keyId: string) => keys.get(keyId) ?? createSecretKey(randomBytes(32));
    const opened = await collect(openFrames(await seal(plaintext), lookup, { tenantId: "tenant-a", blobId: "blob-1" }));
    expect(Buffer.concat(opened)).toEqual(plaintext);
  });

  test("the same file sealed twice shares no frame", async () => {
    const plaintext = Buffer.alloc(frameBytes);
    const [first, second] = [cut(await seal(plaintext)), cut(await seal(plaintext))];
    expect(first.frames[0]?.equals(second.frames[0] ?? Buffer.alloc(0))).toBe(false);
  });

  test("equal frames of one file are sealed to different bytes: no nonce comes twice", async () => {
    const { frames } = cut(await seal(Buffer.alloc(2 * frameBytes)));
    const [first, second] = frames.map((frame) => frame.subarray(0, frameBytes));
    expect(first?.equals(second ?? Buffer.alloc(0))).toBe(false);
  });

  test("keys that are not secrets of 32 bytes are refused", async () => {
    await expect(collect(sealFrames(Buffer.alloc(1), createSecretKey(randomBytes(16)), binding))).rejects.toThrow(
      TypeError,
    );
  });
});

describe("blob identity", () => {
  test("is one for equal content in a tenant, and another in every other tenant", () => {
    const digest = createHash("sha256").update("content").digest();
    const other = createSecretKey(randomBytes(32));
    expect(blobIdentity(key, digest)).toMatch(/^[0-9a-f]{64}$/);
    expect(blobIdentity(key, digest)).toBe(blobIdentity(key, digest.toString("hex")));
    expect(blobIdentity(key, digest)).not.toBe(blobIdentity(other, digest));
    expect(() => blobIdentity(key, "abcd")).toThrow(TypeError);
  });
});

import { createHash, randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalText } from "./canonical.ts";
import { commitment, makeLeaf } from "./leaf.ts";
import { merkleRoot } from "./merkle.ts";
import { momentText } from "./moment.ts";
import { saltLength, withSalts } from "./salt.ts";

const sha256 = (...parts: (string | Buffer)[]): Buffer => {
  const made = createHash("sha256");
  for (const part of parts) made.update(part);
  return made.digest();
};

/** RFC 6962 §2.1 as it is written there: split at the largest power of two below the size. */
function plainRoot(hashes: readonly Buffer[]): Buffer {
  const [first] = hashes;
  if (hashes.length === 1 && first !== undefined) return first;
  const split = 2 ** Math.floor(Math.log2(hashes.length - 1));
  return sha256("\x01", plainRoot(hashes.slice(0, split)), plainRoot(hashes.slice(split)));
}

const anyText = fc.string({ unit: "binary", maxLength: 40 });
/** So short that a leaf of them fits, each letter escaped. */
const shortText = fc.string({ unit: "binary", maxLength: 12 });
const hashed = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));

describe("LED-03 what a leaf commits to", () => {
  test("the root is that of RFC 6962 for every number of hashes, and those it was made of stay as they were", () => {
    const hashes = Array.from({ length: 300 }, (_, index) => sha256(String(index)));
    for (let count = 1; count <= hashes.length; count += 1) {
      const some = hashes.slice(0, count);
      expect(merkleRoot(some).equals(plainRoot(some))).toBe(true);
    }
    expect(hashes[0]).toEqual(sha256("0"));
    fc.assert(
      fc.property(fc.array(hashed, { minLength: 1, maxLength: 70 }), (some) =>
        merkleRoot(some).equals(plainRoot(some)),
      ),
    );
    expect(() => merkleRoot([])).toThrow(/without a leaf/);
    expect(() => merkleRoot([Buffer.alloc(31), Buffer.alloc(33)])).toThrow(/32 bytes/);
  });

  test("a commitment is SHA-256(0x00 ‖ salt ‖ name ‖ 0x00 ‖ value), whatever is in them and however long they are", () => {
    const text = fc.oneof(anyText, fc.string({ unit: "grapheme", maxLength: 2000 }), fc.string({ maxLength: 5000 }));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), text, text, (salt, name, value) =>
        commitment(Buffer.from(salt), name, value).equals(sha256("\0", Buffer.from(salt), name, "\0", value)),
      ),
    );
  });

  test("so it is for values of every width about the room that is kept for most of them", () => {
    const salt = Buffer.alloc(saltLength, 7);
    for (const unit of ["x", "é", "€", "😀", "\ud800"])
      for (let length = 500; length < 2100; length += unit === "x" ? 1 : 53) {
        const value = unit.repeat(length);
        expect(commitment(salt, "name", value).equals(sha256("\0", salt, "name", "\0", value))).toBe(true);
      }
  });

  test("the bytes are the canonical text of what happened, and the root is over the commitments the openings open", () => {
    const event = fc.record(
      {
        action: shortText,
        outcome: fc.constantFrom("done" as const, "refused" as const, "failed" as const),
        record: shortText,
        rowId: shortText,
        version: fc.nat(),
        fields: fc.dictionary(anyText, fc.jsonValue({ noUnicodeString: false }), { maxKeys: 9, noNullPrototype: true }),
      },
      { requiredKeys: ["action"] },
    );
    const address = fc.option(anyText);
    fc.assert(
      fc.property(event, shortText, shortText, shortText, address, fc.date({ noInvalidDate: true }), (...given) => {
        const [happened, tenantId, actorId, requestId, from, at] = given;
        fc.pre(!Object.hasOwn(happened.fields ?? {}, "source") && !Object.hasOwn(happened.fields ?? {}, "__proto__"));
        const make = () => makeLeaf({ tenantId, actorId }, { address: from, requestId }, happened, at);
        const wellFormed = [happened.action, happened.record, happened.rowId, tenantId, actorId, requestId];
        if (wellFormed.some((each) => each?.isWellFormed() === false)) return expect(make).toThrow(/JSON cannot hold/);
        const { bytes, openings } = make();
        const body: Record<string, string> = JSON.parse(bytes.toString("utf8"));
        const values: Record<string, string> = from === null ? {} : { source: from };
        for (const [name, value] of Object.entries(happened.fields ?? {})) values[name] = canonicalText(value);
        const names = Object.keys(values).toSorted((a, b) => (a < b ? -1 : 1));
        expect(Object.keys(openings).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(names);
        const hashes = names.map((name) =>
          sha256("\0", Buffer.from(openings[name]?.salt ?? "", "base64url"), name, "\0", values[name] ?? ""),
        );
        const wanted = {
          v: "1",
          id: body["id"],
          at: at.toISOString(),
          tenant: tenantId,
          actor: actorId,
          action: happened.action,
          outcome: happened.outcome ?? "done",
          request: requestId,
          root: hashes.length === 0 ? sha256().toString("hex") : plainRoot(hashes).toString("hex"),
          record: happened.record,
          row: happened.rowId,
          version: happened.version === undefined ? undefined : String(happened.version),
        };
        expect(bytes.toString("utf8")).toBe(canonicalText(wanted));
      }),
    );
  });
});

test("LED-03 a moment is written as ISO 8601 says, in whatever order they come", () => {
  const at = fc.date({ noInvalidDate: true }).map((date) => date.getTime());
  const near = fc
    .tuple(at, fc.integer({ min: -3000, max: 3000 }))
    .map(([start, more]) => start - (start % 1000) + more);
  const any = fc.oneof(at, near).filter((ms) => !Number.isNaN(new Date(ms).getTime()));
  fc.assert(
    fc.property(fc.array(any), (all) => {
      for (const ms of all) expect(momentText(ms)).toBe(new Date(ms).toISOString());
    }),
  );
});

test("LED-06 each commitment has a salt of its own: none comes twice, and none is left behind", () => {
  const seen = new Set<string>();
  const who = { tenantId: randomUUID(), actorId: randomUUID() };
  const fields = Object.fromEntries(Array.from({ length: 7 }, (_, index) => [`field${index}`, index]));
  for (let each = 0; each < 500; each += 1) {
    const { openings } = makeLeaf(who, { address: "192.0.2.7", requestId: "r" }, { action: "kernel.test", fields });
    for (const { salt } of Object.values(openings)) {
      expect(Buffer.from(salt, "base64url")).toHaveLength(saltLength);
      seen.add(salt);
    }
  }
  expect(seen.size).toBe(500 * 8);
  for (const count of [1, 256, 257, 1000]) {
    let kept: Buffer = Buffer.alloc(0);
    const copy = withSalts(count, (salts) => {
      kept = salts;
      return Buffer.from(salts);
    });
    expect(copy).toHaveLength(count * saltLength);
    expect(copy.equals(Buffer.alloc(copy.length))).toBe(false);
    expect(kept.equals(Buffer.alloc(copy.length))).toBe(true);
  }
});

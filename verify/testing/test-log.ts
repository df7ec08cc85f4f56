import { createHash, createPrivateKey, randomBytes, randomUUID, sign, type KeyObject } from "node:crypto";
import { checkpointText } from "../checkpoint.ts";
import { base64url, hashRow, hex, utf8 } from "../encoding.ts";
import type { FieldOpening, LeafPart, Openings } from "../format.ts";
import { byName, canonicalText, commitmentInput } from "../leaf.ts";
import { leafHash, merkleRoot } from "../merkle.ts";
import { compute } from "../node.ts";
import {
  cosignatureBytes,
  cosignatureMessage,
  cosignatureType,
  ed25519Type,
  keyIdOf,
  noteText,
  signatureLine,
  vkeyText,
} from "../note.ts";
import { consistencyRanges, inclusionRanges, proofFromLeaves } from "../proof.ts";

// RFC 8410: what precedes the 32 bytes of an Ed25519 private key in its DER form.
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");

/** A key that signs notes, made from a seed so that a test's files are the same on every run. */
export class TestSigner {
  readonly name: string;
  readonly type: number;
  readonly vkey: string;
  readonly #key: KeyObject;
  readonly #keyId: string;

  constructor(name: string, seed: string, type: number = ed25519Type) {
    const secret = createHash("sha256").update(seed).digest();
    this.name = name;
    this.type = type;
    this.#key = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, secret]), format: "der", type: "pkcs8" });
    const { x } = this.#key.export({ format: "jwk" });
    const publicKey = Buffer.from(x ?? "", "base64url");
    this.vkey = compute(vkeyText(name, type, publicKey));
    this.#keyId = compute(keyIdOf(name, type, publicKey));
  }

  /** A signature line over a note's text; a witness's carries the time. */
  line(text: string, timeSeconds = 1_790_000_000): string {
    if (this.type === cosignatureType) {
      const signature = sign(null, cosignatureMessage(timeSeconds, text), this.#key);
      return signatureLine(this.name, this.#keyId, cosignatureBytes(timeSeconds, signature));
    }
    return signatureLine(this.name, this.#keyId, sign(null, utf8(text), this.#key));
  }
}

export type TestEvent = {
  readonly action: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly record?: { readonly record: string; readonly row: string; readonly version: string };
  readonly outcome?: "done" | "refused" | "failed";
};
type Entry = { readonly leaf: string; readonly hash: Uint8Array; readonly open: Openings };

/** A log in memory with leaves as the ledger makes them: for tests of whatever writes or reads bundles and proofs. */
export class TestLog {
  readonly tenant: string;
  readonly origin: string;
  readonly signer: TestSigner;
  readonly entries: Entry[] = [];
  #at = Date.UTC(2026, 10, 21, 12);

  constructor(options: { readonly tenant?: string; readonly host?: string; readonly seed?: string } = {}) {
    this.tenant = options.tenant ?? randomUUID();
    this.origin = `${options.host ?? "probity.example"}/logs/${this.tenant}`;
    this.signer = new TestSigner(this.origin, options.seed ?? "log");
  }

  get size(): number {
    return this.entries.length;
  }

  /** Appends a leaf and answers its index. */
  add({ action, fields = {}, record, outcome = "done" }: TestEvent): number {
    const random = randomBytes(16 * Object.keys(fields).length);
    const named = Object.entries(fields)
      .toSorted(byName)
      .map(([name, value], place) => {
        const salt = random.subarray(place * 16, place * 16 + 16);
        const text = canonicalText(value);
        const hash = createHash("sha256")
          .update(commitmentInput(salt, name, text))
          .digest();
        const opening: FieldOpening = { salt: base64url(salt), value: text };
        return { name, hash, opening };
      });
    this.#at += 1_000;
    const leaf = canonicalText({
      v: "1",
      id: randomUUID(),
      at: new Date(this.#at).toISOString(),
      tenant: this.tenant,
      actor: "00000000-0000-7000-8000-000000000001",
      action,
      outcome,
      request: "r-1",
      root: hex(compute(merkleRoot(named.map(({ hash }) => hash)))),
      ...record,
    });
    const open = Object.fromEntries(named.map(({ name, opening }) => [name, opening]));
    this.entries.push({ leaf, hash: compute(leafHash(utf8(leaf))), open });
    return this.entries.length - 1;
  }

  /** Appends `count` ordinary leaves. */
  grow(count: number): void {
    for (let made = 0; made < count; made++) {
      const version = String(this.size + 1);
      this.add({
        action: "documents.document.updated",
        fields: { source: "192.0.2.7", title: `Title ${this.size}` },
        record: { record: "documents.document", row: "00000000-0000-7000-8000-00000000000a", version },
      });
    }
  }

  hashes(size = this.size): Uint8Array[] {
    return this.entries.slice(0, size).map(({ hash }) => hash);
  }
  root(size = this.size): Uint8Array {
    return compute(merkleRoot(this.hashes(size)));
  }

  /** A signed checkpoint, by the log's key or another. */
  note(size = this.size, signers: readonly TestSigner[] = [this.signer], origin = this.origin): string {
    const text = checkpointText(origin, size, this.root(size));
    return noteText(
      text,
      signers.map((signer) => signer.line(text)),
    );
  }

  part(index: number): LeafPart {
    const entry = this.entries[index];
    if (entry === undefined) throw new Error(`No leaf ${index}`);
    const { leaf, open } = entry;
    return { index, leaf, ...(Object.keys(open).length === 0 ? {} : { open }) };
  }
  inclusion(index: number, size = this.size): string {
    return hashRow(compute(proofFromLeaves(inclusionRanges(index, size), this.hashes(size))));
  }
  consistency(from: number, to = this.size): string {
    return hashRow(compute(proofFromLeaves(consistencyRanges(from, to), this.hashes(to))));
  }

  /** Forgets fields: what stays is their commitments, and a leaf that says so. */
  erase(index: number, names: readonly string[]): number {
    const entry = this.entries[index];
    if (entry === undefined) throw new Error(`No leaf ${index}`);
    this.entries[index] = { ...entry, open: closed(entry.open, names) };
    return this.add({
      action: "privacy.erasure.executed",
      fields: {
        leaves: [[index, names]],
        basis: "GDPR Art. 17(1)(b)",
        approver: "00000000-0000-7000-8000-000000000002",
      },
    });
  }

  /** What a restore from a backup of `size` leaves does to the log: it forgets, says so, and goes on under a new name. */
  restore(size: number, oldNote: string, owners: readonly string[] = ["owner-a", "owner-b"]): TestSigner {
    const lost = [size, this.size];
    this.entries.length = size;
    this.add({ action: "kernel.ledger.epoch.opened", fields: { lost, old: oldNote, owners } });
    return new TestSigner(`${this.origin}/2`, "log");
  }
}

/** Openings with some fields closed to their commitments. */
export function closed(open: Openings, names: readonly string[]): Openings {
  return Object.fromEntries(
    Object.entries(open).map(([name, opening]) => {
      if (!names.includes(name) || !("value" in opening)) return [name, opening];
      const input = commitmentInput(Buffer.from(opening.salt, "base64url"), name, opening.value);
      return [name, { commitment: base64url(createHash("sha256").update(input).digest()) }];
    }),
  );
}

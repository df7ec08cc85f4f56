// The syntax of PDF objects (ISO 32000-2 §7.3), as much as finding signatures, attachments and additions needs. It draws no
// page and follows no cross-reference of its own accord: it reads what stands in the bytes, one object after the other.

export type PdfValue =
  | null
  | boolean
  | number
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "text"; readonly bytes: Uint8Array; readonly start: number; readonly end: number }
  | { readonly kind: "ref"; readonly number: number; readonly generation: number }
  | { readonly kind: "array"; readonly items: readonly PdfValue[] }
  | PdfDictionary;

export interface PdfDictionary {
  readonly kind: "dictionary";
  readonly entries: ReadonlyMap<string, PdfValue>;
}

/** One indirect object and where it stands; `stream` are its bytes as they lie in the file. */
export interface PdfObject {
  readonly number: number;
  readonly generation: number;
  readonly value: PdfValue;
  readonly stream: Uint8Array | undefined;
  readonly start: number;
  readonly end: number;
}

/** Bytes that are no PDF syntax; the message is for people. */
export class PdfSyntaxError extends Error {
  override readonly name = "PdfSyntaxError";
}

const deepest = 64;
const space = new Set([0x00, 0x09, 0x0a, 0x0c, 0x0d, 0x20]);
const delimiter = new Set([..."()<>[]{}/%"].map((each) => each.charCodeAt(0)));

/** Reads values one after the other. */
export class PdfReader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** Moves past white space and comments. */
  skip(): void {
    for (;;) {
      const byte = this.peek();
      if (byte !== undefined && space.has(byte)) this.at += 1;
      else if (byte === 0x25) {
        while (this.at < this.end && this.peek() !== 0x0a && this.peek() !== 0x0d) this.at += 1;
      } else return;
    }
  }

  peek(ahead = 0): number | undefined {
    return this.at + ahead < this.end ? this.bytes[this.at + ahead] : undefined;
  }

  /** The characters up to the next space or delimiter. */
  word(): string {
    this.skip();
    const start = this.at;
    for (let byte = this.peek(); byte !== undefined && !space.has(byte) && !delimiter.has(byte); byte = this.peek())
      this.at += 1;
    return latin1(this.bytes.subarray(start, this.at));
  }

  /** Whether the word comes next; if so it is read. */
  takes(word: string): boolean {
    const before = this.at;
    if (this.word() === word) return true;
    this.at = before;
    return false;
  }

  whole(): number {
    const word = this.word();
    if (!/^\d{1,10}$/.test(word)) throw new PdfSyntaxError(`a number is missing at byte ${this.at}`);
    return Number(word);
  }

  value(depth = 0): PdfValue {
    if (depth > deepest) throw new PdfSyntaxError("objects are nested too deeply");
    this.skip();
    const byte = this.peek();
    if (byte === 0x2f) return { kind: "name", name: this.name() };
    if (byte === 0x28) return this.literal();
    if (byte === 0x5b) return this.array(depth);
    if (byte === 0x3c) return this.peek(1) === 0x3c ? this.dictionary(depth) : this.digits();
    const word = this.word();
    if (word === "null") return null;
    if (word === "true" || word === "false") return word === "true";
    if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(word)) throw new PdfSyntaxError(`nothing readable at byte ${this.at}`);
    const before = this.at;
    if (/^\d{1,10}$/.test(word)) {
      const generation = this.word();
      if (/^\d{1,5}$/.test(generation) && this.takes("R"))
        return { kind: "ref", number: Number(word), generation: Number(generation) };
      this.at = before;
    }
    return Number(word);
  }

  private name(): string {
    this.at += 1;
    const start = this.at;
    for (let byte = this.peek(); byte !== undefined && !space.has(byte) && !delimiter.has(byte); byte = this.peek())
      this.at += 1;
    const written = latin1(this.bytes.subarray(start, this.at));
    return written.replaceAll(/#([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }

  private literal(): PdfValue {
    const start = this.at;
    const bytes: number[] = [];
    let depth = 0;
    for (;;) {
      const byte = this.peek();
      if (byte === undefined) throw new PdfSyntaxError("a text has no end");
      this.at += 1;
      if (byte === 0x5c) this.escaped(bytes);
      else if (byte === 0x28) {
        if (depth > 0) bytes.push(byte);
        depth += 1;
      } else if (byte === 0x29) {
        depth -= 1;
        if (depth === 0) return { kind: "text", bytes: Uint8Array.from(bytes), start, end: this.at };
        bytes.push(byte);
      } else bytes.push(byte);
    }
  }

  private escaped(bytes: number[]): void {
    const rest = latin1(this.bytes.subarray(this.at, Math.min(this.at + 3, this.end)));
    const octal = /^[0-7]{1,3}/.exec(rest)?.[0];
    if (octal !== undefined) {
      bytes.push(Number.parseInt(octal, 8) & 0xff);
      this.at += octal.length;
      return;
    }
    const character = rest.charAt(0);
    const control = { n: 0x0a, r: 0x0d, t: 0x09, b: 0x08, f: 0x0c }[character];
    this.at += 1;
    // A line that goes on.
    if (character === "\r" && this.peek() === 0x0a) this.at += 1;
    else if (character !== "\r" && character !== "\n") bytes.push(control ?? character.charCodeAt(0));
  }

  private digits(): PdfValue {
    const start = this.at;
    this.at += 1;
    const from = this.at;
    while (this.peek() !== undefined && this.peek() !== 0x3e) this.at += 1;
    if (this.peek() === undefined) throw new PdfSyntaxError("a text of digits has no end");
    const bytes = new Uint8Array(Math.ceil((this.at - from) / 2));
    let count = 0;
    for (let index = from; index < this.at; index += 1) {
      const byte = this.bytes[index] ?? 0;
      if (space.has(byte)) continue;
      const digit = Number.parseInt(String.fromCharCode(byte), 16);
      if (Number.isNaN(digit)) throw new PdfSyntaxError("a text of digits holds something else");
      bytes[count >> 1] = (bytes[count >> 1] ?? 0) | (digit << (count % 2 === 0 ? 4 : 0));
      count += 1;
    }
    this.at += 1;
    return { kind: "text", bytes: bytes.subarray(0, (count + 1) >> 1), start, end: this.at };
  }

  private array(depth: number): PdfValue {
    this.at += 1;
    const items: PdfValue[] = [];
    for (;;) {
      this.skip();
      if (this.peek() === 0x5d) {
        this.at += 1;
        return { kind: "array", items };
      }
      items.push(this.value(depth + 1));
    }
  }

  private dictionary(depth: number): PdfDictionary {
    this.at += 2;
    const entries = new Map<string, PdfValue>();
    for (;;) {
      this.skip();
      if (this.peek() === 0x3e && this.peek(1) === 0x3e) {
        this.at += 2;
        return { kind: "dictionary", entries };
      }
      if (this.peek() !== 0x2f) throw new PdfSyntaxError(`a dictionary breaks off at byte ${this.at}`);
      const name = this.name();
      // Of two entries of one name, one reader would take the first and another the last.
      if (entries.has(name)) throw new PdfSyntaxError(`a dictionary names ${name} twice`);
      entries.set(name, this.value(depth + 1));
    }
  }

  /** "N G obj … endobj", with its stream where it has one. */
  object(lengthOf: (reference: number) => number | undefined): PdfObject {
    this.skip();
    const start = this.at;
    const number = this.whole();
    const generation = this.whole();
    if (!this.takes("obj")) throw new PdfSyntaxError(`an object is missing at byte ${start}`);
    const value = this.value();
    const stream = isDictionary(value) && this.takes("stream") ? this.stream(value, lengthOf) : undefined;
    if (!this.takes("endobj")) throw new PdfSyntaxError(`the object at byte ${start} has no end`);
    return { number, generation, value, stream, start, end: this.at };
  }

  private stream(of: PdfDictionary, lengthOf: (reference: number) => number | undefined): Uint8Array {
    if (this.peek() === 0x0d) this.at += 1;
    if (this.peek() === 0x0a) this.at += 1;
    const stated = of.entries.get("Length");
    const length = isReference(stated) ? lengthOf(stated.number) : stated;
    const start = this.at;
    if (typeof length === "number" && Number.isInteger(length) && length >= 0 && start + length <= this.end) {
      this.at = start + length;
    } else {
      // Its length stands further on: the stream ends where the word does.
      this.at = indexOf(this.bytes, "endstream", start, this.end);
      if (this.at < 0) throw new PdfSyntaxError("a stream has no end");
    }
    const stream = this.bytes.subarray(start, this.at);
    if (!this.takes("endstream"))
      throw new PdfSyntaxError(`the stream at byte ${start} is longer or shorter than stated`);
    return stream;
  }
}

export function isDictionary(value: PdfValue | undefined): value is PdfDictionary {
  return typeof value === "object" && value !== null && value.kind === "dictionary";
}

export function isReference(value: PdfValue | undefined): value is Extract<PdfValue, { kind: "ref" }> {
  return typeof value === "object" && value !== null && value.kind === "ref";
}

export function isText(value: PdfValue | undefined): value is Extract<PdfValue, { kind: "text" }> {
  return typeof value === "object" && value !== null && value.kind === "text";
}

export function isArray(value: PdfValue | undefined): value is Extract<PdfValue, { kind: "array" }> {
  return typeof value === "object" && value !== null && value.kind === "array";
}

export function nameIn(of: PdfDictionary, key: string): string | undefined {
  const value = of.entries.get(key);
  return typeof value === "object" && value !== null && value.kind === "name" ? value.name : undefined;
}

/** A text as people read it: UTF-16 or UTF-8 with their marks, else Latin (§7.9.2.2). */
export function textIn(of: PdfDictionary, key: string): string | undefined {
  const value = of.entries.get(key);
  if (!isText(value)) return undefined;
  const { bytes } = value;
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes.subarray(2));
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return new TextDecoder().decode(bytes.subarray(3));
  return latin1(bytes);
}

export function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

/** Where a word of ASCII stands, or -1. */
export function indexOf(bytes: Uint8Array, word: string, from: number, end = bytes.length): number {
  const first = word.charCodeAt(0);
  for (let at = bytes.indexOf(first, from); at >= 0 && at + word.length <= end; at = bytes.indexOf(first, at + 1)) {
    let matched = 1;
    while (matched < word.length && bytes[at + matched] === word.charCodeAt(matched)) matched += 1;
    if (matched === word.length) return at;
  }
  return -1;
}

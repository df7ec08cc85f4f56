import { PDF, PdfArray, PdfDict, PdfName, PdfNumber, PdfString, type PdfRef } from "@libpdf/core";
import { createHash, randomBytes } from "node:crypto";
import { signDigest } from "./cms.ts";
import { addValidationData } from "./validation.ts";
import type { SealSigner } from "./signer.ts";
import { firstTimeStamp } from "./timestamp.ts";
import type { Fetch, TimeStamp, TimeStampClient } from "./timestamp.ts";

/** A file inside the PDF. */
export interface SealAttachment {
  readonly name: string;
  readonly mediaType: string;
  readonly description: string;
  readonly bytes: Uint8Array;
}

export interface SealOptions {
  readonly signer: SealSigner;
  /** Who seals, as readers show it: the instance, never a person. A person's signature is a record in the ledger. */
  readonly name: string;
  readonly reason: string;
  readonly location?: string;
  /** When, by our clock; a time-stamp proves it, this only claims it. */
  readonly at: Date;
  readonly attachments?: readonly SealAttachment[];
  /**
   * Whether this is the author's first seal, after which readers allow only further signatures and fields (DocMDP, P=2).
   * P=1 would make Acrobat refuse even the validation data and time-stamps that are added for later years.
   */
  readonly certify?: boolean;
  /** Time-stamping authorities, asked in this order. */
  readonly timestamps?: readonly TimeStampClient[];
  /** The way to revocation lists; with it and a time-stamp, what later readers need is kept inside (B-LT). */
  readonly fetch?: Fetch;
}

export interface SealResult {
  readonly pdf: Uint8Array;
  /** What was reached (EN 319 142-1): a signature, one with proven time, one with what is needed to check it later. */
  readonly level: "B-B" | "B-T" | "B-LT";
  readonly timestamp: TimeStamp | undefined;
  /** Why authorities or revocation lists were passed over, in the order they were asked. */
  readonly refusals: readonly string[];
}

/** A PDF that cannot be sealed as asked; the message is for the caller's log. */
export class SealError extends Error {
  override readonly name = "SealError";
}

/** Digits a ByteRange is given room for: files of up to ten gigabytes. */
const rangeDigits = 9_999_999_999;

/**
 * Seals a PDF by PAdES: attachments and signature are appended, nothing before them changes, so signatures that are there
 * already stay good.
 */
export async function sealPdf(pdf: Uint8Array, options: SealOptions): Promise<SealResult> {
  // The hole is sized for what goes in: certificates twice over, and a token with the chain of its own.
  const certificates = [options.signer.certificate, ...options.signer.chain].reduce(
    (sum, each) => sum + each.length,
    0,
  );
  const hole = 4096 + certificates + ((options.timestamps ?? []).length > 0 ? 16_384 : 0);
  const prepared = await prepare(pdf, options, hole);
  const { start, end } = prepared.hole;
  const signed = Buffer.concat([prepared.bytes.subarray(0, start), prepared.bytes.subarray(end)]);
  const signature = await signDigest(options.signer, createHash("sha256").update(signed).digest());
  const { stamp, refusals } = await firstTimeStamp(
    options.timestamps ?? [],
    createHash("sha256").update(signature.value).digest(),
  );
  const contents = signature.encode(stamp?.token);
  const room = (end - start - 2) / 2;
  if (contents.length > room)
    throw new SealError(`The signature takes ${contents.length} bytes, and ${room} were kept for it.`);
  const sealed = Uint8Array.from(prepared.bytes);
  sealed.set(
    Buffer.from(
      Buffer.from(contents)
        .toString("hex")
        .padEnd(room * 2, "0"),
    ),
    start + 1,
  );
  if (stamp === undefined || options.fetch === undefined)
    return { pdf: sealed, level: stamp === undefined ? "B-B" : "B-T", timestamp: stamp, refusals };
  const kept = await addValidationData(
    sealed,
    [options.signer.certificate, ...options.signer.chain],
    stamp.token,
    options.fetch,
  );
  return {
    pdf: kept.pdf,
    level: kept.complete ? "B-LT" : "B-T",
    timestamp: stamp,
    refusals: [...refusals, ...kept.refusals],
  };
}

interface Prepared {
  readonly bytes: Uint8Array;
  /** Where the signature goes: from "<" to behind ">". */
  readonly hole: { readonly start: number; readonly end: number };
}

/** Appends attachments, field and signature with an empty hole, and states the bytes around it. */
async function prepare(pdf: Uint8Array, options: SealOptions, hole: number): Promise<Prepared> {
  const document = await PDF.load(pdf);
  for (const { name, mediaType, description, bytes } of options.attachments ?? []) {
    document.addAttachment(name, bytes, {
      description,
      mimeType: mediaType,
      createdAt: options.at,
      modifiedAt: options.at,
    });
  }
  const { context } = document;
  const page = context.pages.getPage(0);
  if (page === null) throw new SealError("A PDF without pages can't be sealed.");
  // Found again by bytes that stand nowhere else, whatever the document holds.
  const filler = randomBytes(hole);
  const signature = PdfDict.of({
    Type: PdfName.of("Sig"),
    Filter: PdfName.of("Adobe.PPKLite"),
    SubFilter: PdfName.of("ETSI.CAdES.detached"),
    ByteRange: numbers(0, rangeDigits, rangeDigits, rangeDigits),
    Contents: PdfString.fromBytes(filler),
    Name: PdfString.fromString(options.name),
    Reason: PdfString.fromString(options.reason),
    M: PdfString.fromString(pdfDate(options.at)),
  });
  if (options.location !== undefined) signature.set("Location", PdfString.fromString(options.location));
  if (options.certify === true) certify(signature);
  const reference = context.register(signature);
  const form = document.getOrCreateForm();
  const taken = new Set(form.getFields().map((field) => field.name));
  let number = 1;
  while (taken.has(`Seal${number}`)) number += 1;
  const field = form.createSignatureField(`Seal${number}`).getDict();
  // Field and widget in one, of no extent: the seal is shown by the reader's own panel.
  field.delete("Kids");
  field.set("V", reference);
  field.set("Type", PdfName.of("Annot"));
  field.set("Subtype", PdfName.of("Widget"));
  field.set("F", PdfNumber.of(132));
  field.set("P", page);
  field.set("Rect", numbers(0, 0, 0, 0));
  showOn(document, page, field);
  if (options.certify === true) {
    if (document.getCatalog().has("Perms"))
      throw new SealError("The PDF was certified before, and a second time is not possible.");
    document.getCatalog().set("Perms", PdfDict.of({ DocMDP: reference }));
  }
  const blocker = document.canSaveIncrementally();
  // A rewritten file would break every signature before this one.
  if (blocker !== null) throw new SealError(`The PDF can't be appended to: ${blocker}.`);
  const bytes = Buffer.from(await document.save({ incremental: true }));
  if (!bytes.subarray(0, pdf.length).equals(pdf))
    throw new SealError("The PDF was rewritten where it should be appended to.");
  return { bytes, hole: stateRange(bytes, pdf.length, filler) };
}

/** Lists the widget among the page's annotations; a page that keeps its list elsewhere is left as it is. */
function showOn(document: PDF, page: PdfRef, field: PdfDict): void {
  const { context } = document;
  const dictionary = context.resolve(page);
  const widget = context.getRef(field);
  if (!(dictionary instanceof PdfDict) || widget === null) return;
  const listed = dictionary.get("Annots");
  if (listed === undefined) dictionary.set("Annots", PdfArray.of(widget));
  else if (listed instanceof PdfArray) dictionary.set("Annots", PdfArray.of(...listed, widget));
}

/** Only signing and filling in stay allowed (ISO 32000-2 §12.8.2.2). */
function certify(signature: PdfDict): void {
  const parameters = PdfDict.of({
    Type: PdfName.of("TransformParams"),
    P: PdfNumber.of(2),
    V: PdfName.of("1.2"),
  });
  const reference = PdfDict.of({
    Type: PdfName.of("SigRef"),
    TransformMethod: PdfName.of("DocMDP"),
    TransformParams: parameters,
  });
  signature.set("Reference", PdfArray.of(reference));
}

function stateRange(bytes: Buffer, from: number, filler: Buffer): { start: number; end: number } {
  const start = bytes.indexOf(`<${filler.toString("hex").toUpperCase()}>`, from);
  const placeholder = `${rangeDigits} ${rangeDigits} ${rangeDigits}`;
  // It stands right before the hole, in the same object: what looks like it elsewhere is left alone.
  const range = start < 0 ? -1 : bytes.lastIndexOf(placeholder, start);
  if (range < from) throw new SealError("The place for the signature was not written as it should be.");
  const end = start + filler.length * 2 + 2;
  bytes.write(`${start} ${end} ${bytes.length - end}`.padEnd(placeholder.length), range, "latin1");
  return { start, end };
}

function numbers(...values: readonly number[]): PdfArray {
  return PdfArray.of(...values.map((value) => PdfNumber.of(value)));
}

function pdfDate(at: Date): string {
  return `D:${at.toISOString().replaceAll(/[-:T]/g, "").slice(0, 14)}+00'00'`;
}

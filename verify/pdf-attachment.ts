import type { PdfAttachment } from "./pdf-outcome.ts";
import { isDictionary, isReference, nameIn, textIn } from "./pdf-syntax.ts";
import type { PdfObject, PdfValue } from "./pdf-syntax.ts";

/** Larger ones are left out: what is attached here are records and proofs. */
const mostBytes = 64 * 1024 * 1024;

/** Files attached within what a seal covers (ISO 32000-2 §7.11.4). Of two versions of an object the later one counts. */
export async function attachmentsOf(objects: readonly PdfObject[]): Promise<PdfAttachment[]> {
  const latest = new Map(objects.map((each) => [each.number, each]));
  const found: PdfAttachment[] = [];
  for (const { value } of latest.values()) {
    if (!isDictionary(value) || !value.entries.has("EF")) continue;
    const embedded = follow(value.entries.get("EF"), latest);
    const reference = isDictionary(embedded) ? (embedded.entries.get("UF") ?? embedded.entries.get("F")) : undefined;
    const file = isReference(reference) ? latest.get(reference.number) : undefined;
    const name = textIn(value, "UF") ?? textIn(value, "F");
    if (file?.stream === undefined || name === undefined) continue;
    // oxlint-disable-next-line no-await-in-loop -- few, and each may be large
    const bytes = await unpacked(file);
    if (bytes !== undefined) found.push({ name, bytes });
  }
  return found;
}

function follow(value: PdfValue | undefined, objects: ReadonlyMap<number, PdfObject>): PdfValue | undefined {
  return isReference(value) ? objects.get(value.number)?.value : value;
}

async function unpacked(file: PdfObject): Promise<Uint8Array | undefined> {
  if (file.stream === undefined || !isDictionary(file.value)) return undefined;
  const filter = file.value.entries.get("Filter");
  if (filter === undefined) return file.stream;
  if (nameIn(file.value, "Filter") !== "FlateDecode" || file.value.entries.has("DecodeParms")) return undefined;
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    const stream = new Blob([Uint8Array.from(file.stream)]).stream().pipeThrough(new DecompressionStream("deflate"));
    const reader = stream.getReader();
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- parts come one after the other
      const { done, value } = await reader.read();
      if (done) break;
      length += value.length;
      if (length > mostBytes) {
        await reader.cancel();
        return undefined;
      }
      parts.push(value);
    }
  } catch {
    return undefined;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

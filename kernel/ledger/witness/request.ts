import { base64, FormatError, fromBase64 } from "@probity/verify";

/** The body of add-checkpoint (C2SP tlog-witness): what the witness signed last, the proof from there, the new note. */
export type AddCheckpoint = {
  readonly old: number;
  readonly proof: readonly Uint8Array[];
  readonly note: string;
};

const mostProofLines = 63;

export function addCheckpointText({ old, proof, note }: AddCheckpoint): string {
  return `old ${old}\n${proof.map((hash) => `${base64(hash)}\n`).join("")}\n${note}`;
}

/** @throws FormatError where the text is not built as the protocol says. */
export function parseAddCheckpoint(text: string): AddCheckpoint {
  const end = text.indexOf("\n\n");
  if (end < 0) throw new FormatError("There is no empty line before the checkpoint");
  const [first = "", ...lines] = text.slice(0, end).split("\n");
  const old = Number(/^old (0|[1-9][0-9]{0,15})$/.exec(first)?.[1]);
  if (!Number.isSafeInteger(old)) throw new FormatError("The first line does not say the old size");
  if (lines.length > mostProofLines) throw new FormatError(`There are over ${mostProofLines} lines of proof`);
  const proof = lines.map((line) => {
    const hash = fromBase64(line);
    if (hash?.length !== 32) throw new FormatError("A line of the proof is not a hash");
    return hash;
  });
  return { old, proof, note: text.slice(end + 2) };
}

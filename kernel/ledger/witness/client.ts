import {
  FormatError,
  noteText,
  NoteRefused,
  openNote,
  parseNote,
  parseVkey,
  signatureLine,
  type NoteSignature,
  type VerifierKey,
} from "@probity/verify";
import { compute, nodeProvider } from "@probity/verify/node";
import { fetchOutside } from "../../http/outgoing.ts";
import { Problem } from "../../work/problem.ts";
import type { Outside } from "../stream/receiver.ts";
import { addCheckpointText } from "./request.ts";

/** The log as a witness is shown it: its newest signed checkpoint, and a proof from any size before. */
export type WitnessedLog = {
  readonly note: string;
  readonly size: number;
  consistency(from: number): Promise<readonly Uint8Array[]>;
};

export type WitnessTarget = { readonly address: string; readonly vkey: string };

/** `lines`: the witness's good cosignatures. `size`: what it says it signed last, where it told. */
export type Cosigned =
  | {
      readonly state: "cosigned";
      readonly lines: readonly string[];
      readonly timeSeconds: number;
      readonly size: number;
    }
  | { readonly state: "failed"; readonly problem: string; readonly size?: number };

/** A cosignature of the past or future by more than this is no statement about now. */
const skewSeconds = 600;
const sizeType = "text/x.tlog.size";

/**
 * Asks a witness to cosign the newest checkpoint. `known` is the size it cosigned last, as far as we know; where it says
 * another one (409), the proof is made from there and it is asked once more.
 */
export async function askWitness(
  target: WitnessTarget,
  log: WitnessedLog,
  known: number,
  outside: Outside,
): Promise<Cosigned> {
  let from = Math.min(known, log.size);
  try {
    const key = compute(parseVkey(target.vkey));
    for (let tried = 0; tried < 2; tried += 1) {
      const proof = from === 0 || from === log.size ? [] : await log.consistency(from);
      const answer = await fetchOutside(`${target.address.replace(/\/$/, "")}/add-checkpoint`, {
        method: "POST",
        headers: { "content-type": "text/plain; charset=utf-8" },
        body: addCheckpointText({ old: from, proof, note: log.note }),
        maxBytes: 64 * 1024,
        redirects: 0,
        timeoutSeconds: outside.timeoutSeconds ?? 15,
        ...(outside.trustedOrigins === undefined ? {} : { trustedOrigins: outside.trustedOrigins }),
      });
      const text = answer.body.toString("utf8");
      if (answer.status === 200) return await cosigned(key, log, text);
      const size = answer.status === 409 ? sizeOf(answer.headers["content-type"], text) : undefined;
      if (size === undefined) return { state: "failed", problem: refusal(answer.status), size: from };
      if (size > log.size)
        return {
          state: "failed",
          size,
          problem: `The witness has signed ${size} entries of this log, and here there are ${log.size}: the log went back`,
        };
      from = size;
    }
    return { state: "failed", size: from, problem: "The witness moved while it was asked; it is asked again" };
  } catch (error) {
    if (error instanceof Problem) return { state: "failed", problem: error.detail };
    if (error instanceof FormatError || error instanceof NoteRefused)
      return { state: "failed", problem: "What the witness answered is not its cosignature" };
    throw error;
  }
}

/** The good cosignatures of the one key in an answer; others in it are passed over, a bad one of its own refuses it. */
async function cosigned(key: VerifierKey, log: WitnessedLog, text: string): Promise<Cosigned> {
  const own = parseNote(log.note);
  const answered = parseNote(
    noteText(
      own.text,
      text
        .split("\n")
        .slice(0, -1)
        .map((line) => `${line}\n`),
    ),
  );
  const verified = await openNote(answered, [key], nodeProvider);
  const timeSeconds = verified[0]?.timeSeconds ?? 0;
  if (Math.abs(Date.now() / 1000 - timeSeconds) > skewSeconds)
    return { state: "failed", size: log.size, problem: "The witness's clock is off by more than ten minutes" };
  const lines = answered.signatures
    .filter((each) => isOf(each, key))
    .map((each) => signatureLine(each.name, each.keyId, each.bytes));
  return { state: "cosigned", lines: lines.slice(0, 1), timeSeconds, size: log.size };
}

function isOf(signature: NoteSignature, key: VerifierKey): boolean {
  return signature.name === key.name && signature.keyId === key.keyId;
}

function sizeOf(type: string | undefined, text: string): number | undefined {
  const size = Number(/^(0|[1-9][0-9]{0,15})\n$/.exec(text)?.[1]);
  return type?.startsWith(sizeType) === true && Number.isSafeInteger(size) ? size : undefined;
}

function refusal(status: number): string {
  switch (status) {
    case 404:
      return "The witness does not watch this log yet: give its operator the log's name and key";
    case 403:
      return "The witness knows another key for this log: give its operator the right one";
    case 422:
      return "The witness signed another history of this log: compare what it holds with this server at once";
    default:
      return `The witness answered ${status}`;
  }
}

import { verifyFile } from "../file.ts";
import type { VerifyOptions } from "../bundle-state.ts";
import { utf8 } from "../encoding.ts";
import type { BundleLine } from "../format.ts";
import { nodeProvider } from "../node.ts";
import type { Outcome } from "../outcome.ts";
import type { Verdict } from "../verdict.ts";
import { bundleText } from "./bundle-maker.ts";

type Own = Omit<VerifyOptions, "provider">;

/** Verifies text or lines in portions that end inside lines and inside characters. */
export function verifyText(file: string | readonly BundleLine[], own: Own = {}): Promise<Verdict> {
  const bytes = utf8(typeof file === "string" ? file : bundleText(file));
  const count = Math.ceil(bytes.length / 1_000);
  const chunks = Array.from({ length: count }, (_, at) => bytes.subarray(at * 1_000, at * 1_000 + 1_000));
  return verifyFile(chunks, { provider: nodeProvider, ...own });
}

/** Verifies and insists on the outcome; the message of a failure says what was found instead. */
export async function judge(file: string | readonly BundleLine[], outcome: Outcome, own: Own): Promise<Verdict> {
  const verdict = await verifyText(file, own);
  if (verdict.outcome !== outcome)
    throw new Error(`${verdict.outcome} instead of ${outcome}: ${JSON.stringify(verdict.findings)}`);
  return verdict;
}

/** The outcome, and everything that was found besides remarks, unless they are asked for. */
export async function told(file: string | readonly BundleLine[], own: Own = {}, remarks = false): Promise<string[]> {
  const { outcome, findings } = await verifyText(file, own);
  return [outcome, ...findings.filter(({ sort }) => remarks || sort !== "remark").map(({ text }) => text)];
}

/** A note of which the first signature is not the one that was made. */
export function forged(note: string): string {
  return note.replace(
    /\n— (\S+) (\S{20})(.)/,
    (_, name: string, begin: string, one: string) => `\n— ${name} ${begin}${one === "A" ? "B" : "A"}`,
  );
}

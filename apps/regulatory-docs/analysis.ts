import { join } from "node:path";
import { runIsolated, type IsolationClaim } from "@probity/kernel";
import type { GapRun } from "./engine/result.ts";

const engine = join(import.meta.dirname, "engine");

/**
 * A document on its way to the analysis: its text is the JSON object it is kept as, and nobody here parses it. `plain`: it
 * came as text or Markdown, whose form the engine reads from its marks.
 */
export type PackedDocument = {
  readonly id: string;
  readonly name: string;
  readonly plain: boolean;
  readonly json: Uint8Array;
};

/** Analyses documents in a child with no network and no other tenant's data (TEN-03). */
export function analyseIsolated(
  input: { readonly pack: string; readonly documents: readonly PackedDocument[] },
  claim: IsolationClaim = {},
): Promise<GapRun> {
  const documents = input.documents.map(({ id, name, plain, json }) => packed({ id, name, plain }, json));
  return runIsolated<GapRun>(
    {
      module: join(engine, "isolated.ts"),
      folders: [engine, join(import.meta.dirname, "packs")],
      packages: ["yaml", "typebox"],
    },
    Buffer.concat([
      Buffer.from(`{"pack":${JSON.stringify(input.pack)},"documents":[`),
      ...joined(documents),
      Buffer.from("]}"),
    ]),
    claim,
  );
}

/** One JSON object of some fields and of an object's text: `{"id":"d1",` and `{"text":…}` become one. */
export function packed(fields: Readonly<Record<string, unknown>>, json: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(fields).slice(0, -1)},`), json.subarray(1)]);
}

/** JSON values with the commas of an array between them. */
export function joined(values: readonly Buffer[]): Buffer[] {
  return values.flatMap((value, index) => (index === 0 ? [value] : [Buffer.from(","), value]));
}

import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { insertAll } from "../bulk.ts";

type One = (table: Parameters<typeof insertAll>[1], row: { id: string } & Record<string, unknown>) => Promise<void>;

/** A determination made twice in one run, judged as its method declares. */
export async function seedDuplicates(one: One, of: { readonly sample: string; readonly sheet: string }): Promise<void> {
  const [method, version, original, duplicate] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
  const criterion = { difference: "absolute", limit: "0.2", compare: "entered" };
  const analyte = { key: "cl", name: "Chloride", unit: "mg/L", kind: "number", decimals: 1, rule: "half-up" };
  await one("lab.method", { id: method, code: "M-DUP", title: "Chloride" });
  await one("lab.method_version", {
    id: version,
    method_id: method,
    number: 1,
    definition: { fields: [], analytes: [{ ...analyte, duplicate: criterion }] },
    reason: "New",
  });
  const result = (id: string, text: string, more: Record<string, unknown>) =>
    one("lab.result", {
      id,
      sample_id: of.sample,
      worksheet_id: of.sheet,
      method_version_id: version,
      analyte: "cl",
      name: "Chloride",
      unit: "mg/L",
      attempt: 1,
      state: "entered",
      text,
      number: text,
      verdict: "none",
      ...more,
    });
  await result(original, "1.0", { kind: "sample" });
  await result(duplicate, "1.1", { kind: "duplicate", duplicate_of: original });
  await one("lab.duplicate_evaluation", {
    id: uuidv7(),
    duplicate_id: duplicate,
    original_id: original,
    number: 1,
    criterion,
    duplicate_text: "1.1",
    original_text: "1.0",
    difference: "0.1",
    outcome: "in",
  });
}

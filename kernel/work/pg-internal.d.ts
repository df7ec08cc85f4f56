// The two inner modules of pg that the batch stands on; pg exports them but ships no types for them.
declare module "pg/lib/result.js" {
  import type { FieldDef } from "pg";
  export default class Result {
    rows: Record<string, unknown>[];
    rowCount: number | null;
    addFields(fields: FieldDef[]): void;
    parseRow(fields: (Buffer | string | null)[]): Record<string, unknown>;
    addRow(row: Record<string, unknown>): void;
    addCommandComplete(message: { text: string }): void;
  }
}
declare module "pg/lib/utils.js" {
  const module: { prepareValue(value: unknown): string | Buffer | null };
  export default module;
}

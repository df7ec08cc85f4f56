import type { Row } from "../work/batch.ts";
import type { RecordDeclaration } from "./define-record.ts";
import { columnOf } from "./field.ts";

type Change = { field: string; before: unknown; after: unknown };

/** Versions of a record, oldest first, each with what it changed. Sealed fields appear as such: their content is not kept here. */
export function historyAnswer(record: RecordDeclaration, rows: readonly Row[]): { items: unknown[] } {
  let before: Record<string, unknown> = {};
  const items = rows.map((row) => {
    const body = isObject(row["body"]) ? row["body"] : {};
    const changes: Change[] = [];
    for (const [name, field] of Object.entries(record.fields)) {
      if (field.sealed) continue;
      const column = columnOf(name);
      const [was, is] = [before[column] ?? null, body[column] ?? null];
      if (JSON.stringify(was) !== JSON.stringify(is)) changes.push({ field: name, before: was, after: is });
    }
    if (!body["locked_at"] !== !before["locked_at"])
      changes.push({ field: "locked", before: Boolean(before["locked_at"]), after: Boolean(body["locked_at"]) });
    if (body["deleted_at"] && !before["deleted_at"]) changes.push({ field: "deleted", before: false, after: true });
    before = body;
    return {
      version: row["version"],
      at: row["at"],
      reason: row["reason"] ?? null,
      reasonCode: row["reason_code"] ?? null,
      actor: { id: row["actor_id"], name: row["actor_name"] ?? null },
      changes,
    };
  });
  return { items };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

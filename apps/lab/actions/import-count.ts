import { sql } from "kysely";
import type { Credential, Kernel } from "@probity/kernel";
import { query } from "../query.ts";
import type { ImportKind } from "../csv/mapping.ts";
import { importPermission } from "./import-upload.ts";

/** Fewer rows are found fast enough by any plan. */
const fewRows = 500;

/** Has the rows that a large file is looked up in counted, where nobody has yet: in a transaction of its own, which ends at once. */
export async function countRows(kernel: Kernel, credential: Credential, kind: ImportKind, rows: number): Promise<void> {
  if (rows <= fewRows) return;
  await kernel.door.work(credential, importPermission[kind], (tx) => {
    const count = sql`select lab.count_rows()`;
    return tx.all({ compile: () => count.compile(query) });
  });
}

import page from "@probity/web/shell/page.module.css";
import { useState } from "react";
import { Act } from "@probity/web/kit/act.tsx";
import css from "./import.module.css";
import type { RowFault } from "./types.ts";

const atFirst = 12;

/** What is wrong, by line of the file, in its own order. */
export function ImportFaults({ faults, rows }: { faults: readonly RowFault[]; rows: number }) {
  const [all, setAll] = useState(false);
  const byLine = faults.toSorted((a, b) => a.line - b.line);
  const shown = all ? byLine : byLine.slice(0, atFirst);
  return (
    <section aria-label="Rows with errors" className={css.faults}>
      <ul>
        {shown.map((each, index) => (
          <li key={index}>
            <span className={css.at}>line {each.line}</span>
            <span className={css.column}>{each.column}</span>
            <span>{each.why}</span>
          </li>
        ))}
      </ul>
      {byLine.length > shown.length && (
        <Act look="quiet" onAct={() => setAll(true)}>
          Show {byLine.length - shown.length} more
        </Act>
      )}
      {all && new Set(faults.map((each) => each.row)).size < rows && (
        <p className={page.meta}>The rest is in the file of rows with errors.</p>
      )}
    </section>
  );
}

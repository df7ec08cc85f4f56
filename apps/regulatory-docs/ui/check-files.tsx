import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import type { Tone } from "@probity/web/kit/status.ts";
import { showBytes } from "@probity/web/kit/time.ts";
import { refusalText } from "./finding-status.ts";
import { type CheckedFile, sayLeftOut } from "./use-check.ts";
import css from "./check-files.module.css";

function look(item: CheckedFile): { tone: Tone; word: string } {
  if (item.refusal !== null || item.state === "refused") return { tone: "gap", word: "Refused" };
  if (item.state === "ready" || item.state === "read") return { tone: "covered", word: "Read" };
  return { tone: "none", word: item.state === "sending" ? "Sending" : "Reading" };
}

/** Each file of a check with what became of it; a refused one says why and what to do. */
export function CheckFiles({ files }: { files: CheckedFile[] }) {
  if (files.length === 0) return null;
  return (
    <LedgerTable
      caption="Files of this check"
      rows={files}
      rowKey={(item) => item.file.name}
      tone={(item) => look(item).tone}
      columns={[
        {
          id: "name",
          title: "File",
          lead: true,
          cell: (item) => (
            <>
              {item.file.name}
              {item.refusal !== null && <div style={{ color: "var(--p-gap)" }}>{refusalText(item.refusal)}</div>}
            </>
          ),
        },
        { id: "size", title: "Size", end: true, width: "96px", cell: (item) => showBytes(item.file.size) },
        { id: "state", title: "State", width: "120px", cell: (item) => <StatusMark {...look(item)} /> },
      ]}
    />
  );
}

/** What was not read beside a result: each refused file with its reason, and what was never sent. */
export function NotRead({ files, leftOut }: { files: CheckedFile[]; leftOut: readonly string[] }) {
  const refused = files.filter((item) => item.refusal !== null);
  const count = refused.length + leftOut.length;
  if (count === 0) return null;
  return (
    <details className={css.notRead}>
      <summary>{count === 1 ? "1 file was not read" : `${count} files were not read`}</summary>
      <ul>
        {refused.map((item) => (
          <li key={item.file.name}>{refusalText(item.refusal)}</li>
        ))}
        {leftOut.length > 0 && <li>{sayLeftOut(leftOut)}</li>}
      </ul>
    </details>
  );
}

import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import type { Tone } from "@probity/web/kit/status.ts";
import { showBytes } from "@probity/web/kit/time.ts";
import { refusalText } from "./finding-status.ts";
import type { CheckedFile } from "./use-check.ts";

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

import { Act } from "@probity/web/kit/act.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import type { Tone } from "@probity/web/kit/status.ts";
import { showAge, showBytes, showTime } from "@probity/web/kit/time.ts";
import css from "@probity/web/shell/page.module.css";
import { Go, usePlace } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { ShareDialog } from "@probity/web/shell/share.tsx";
import { useRef, useState } from "react";
import { DeleteDocument } from "./delete-document.tsx";
import { refusalText } from "./finding-status.ts";
import { docsPage } from "./path.ts";
import type { DocumentRecord } from "./types.ts";
import { accepted } from "./use-check.ts";
import { useDownload } from "./use-download.ts";
import { asksReason, type Upload } from "./use-uploads.ts";

type Row = { kind: "stored"; document: DocumentRecord } | { kind: "moving"; upload: Upload };

interface Props {
  documents: DocumentRecord[];
  uploads: Upload[];
  onReplace: (files: File[]) => void;
  onForget: (key: string) => void;
  onChanged: () => Promise<unknown>;
}

function look(row: Row): { tone: Tone; word: string } {
  if (row.kind === "moving") {
    if (asksReason(row.upload)) return { tone: "partial", word: "Asks why" };
    if (row.upload.problem !== null) return { tone: "gap", word: "Refused" };
    return {
      tone: "none",
      word: row.upload.share < 1 ? `Uploading ${Math.round(row.upload.share * 100)} %` : "Checking",
    };
  }
  if (row.document.state === "ready") return { tone: "covered", word: "Ready" };
  return row.document.state === "refused" ? { tone: "gap", word: "Refused" } : { tone: "none", word: "Reading" };
}

function why(row: Row): string {
  if (row.kind === "moving") return asksReason(row.upload) ? "" : (row.upload.problem?.sentence ?? "");
  const { refusal } = row.document;
  return refusalText(refusal);
}

/** Files with revision, pages and state; a refused one says why and takes a replacement. */
export function DocumentTable(props: Props) {
  const rows: Row[] = [
    ...props.uploads.map((upload) => ({ kind: "moving", upload }) as const),
    ...props.documents.map((document) => ({ kind: "stored", document }) as const),
  ];
  const ws = usePlace().params.ws ?? "";
  const { start, failed: failure } = useDownload();
  const [leaving, setLeaving] = useState<DocumentRecord | null>(null);
  const [sharing, setSharing] = useState<DocumentRecord | null>(null);
  return (
    <>
      {failure !== null && <ProblemNotice problem={asProblem(failure)} />}
      <LedgerTable
        caption="Documents"
        rows={rows}
        rowKey={(row) => (row.kind === "stored" ? row.document.id : row.upload.key)}
        tone={(row) => look(row).tone}
        columns={[
          {
            id: "file",
            title: "File",
            lead: true,
            cell: (row) => (
              <>
                {row.kind === "moving" ? (
                  row.upload.file.name
                ) : row.document.state === "ready" ? (
                  <Go to={docsPage.document(ws, row.document.id)}>{row.document.name}</Go>
                ) : (
                  row.document.name
                )}
                {why(row) !== "" && <div style={{ color: "var(--p-gap)" }}>{why(row)}</div>}
                {row.kind === "stored" && row.document.reason !== null && (
                  <div className={css.meta}>
                    r{row.document.revision} because: {row.document.reason}
                  </div>
                )}
                {row.kind === "stored" &&
                  row.document.warnings.map((warning) => (
                    <div key={warning.code} style={{ color: "var(--p-partial)" }}>
                      {warning.text}
                    </div>
                  ))}
              </>
            ),
          },
          {
            id: "revision",
            title: "Revision",
            width: "80px",
            cell: (row) => (row.kind === "stored" ? <span className={css.mono}>r{row.document.revision}</span> : ""),
          },
          {
            id: "pages",
            title: "Pages",
            end: true,
            width: "72px",
            cell: (row) => (row.kind === "stored" ? (row.document.pageCount ?? "") : ""),
          },
          {
            id: "size",
            title: "Size",
            end: true,
            width: "84px",
            cell: (row) => showBytes(row.kind === "stored" ? row.document.bytes : row.upload.file.size),
          },
          { id: "state", title: "State", width: "140px", cell: (row) => <StatusMark {...look(row)} /> },
          {
            id: "changed",
            title: "Changed",
            width: "100px",
            cell: (row) =>
              row.kind === "stored" ? (
                <time dateTime={row.document.updatedAt} title={showTime(row.document.updatedAt)}>
                  {showAge(row.document.updatedAt)}
                </time>
              ) : (
                ""
              ),
          },
          {
            id: "acts",
            title: "Acts",
            quiet: true,
            end: true,
            width: "250px",
            cell: (row) =>
              row.kind === "moving" ? (
                row.upload.problem !== null && (
                  <>
                    {!asksReason(row.upload) && <Replace onFiles={props.onReplace} name={row.upload.file.name} />}
                    <Act look="quiet" onAct={() => props.onForget(row.upload.key)}>
                      Leave out
                    </Act>
                  </>
                )
              ) : (
                <>
                  {row.document.state === "refused" ? (
                    <Replace onFiles={props.onReplace} name={row.document.name} />
                  ) : (
                    <Act look="quiet" label={`Download ${row.document.name}`} onAct={() => start(row.document.id)}>
                      Download
                    </Act>
                  )}
                  <Act look="quiet" label={`Share ${row.document.name}`} onAct={() => setSharing(row.document)}>
                    Share
                  </Act>
                  <Act look="quiet" label={`Delete ${row.document.name}`} onAct={() => setLeaving(row.document)}>
                    Delete
                  </Act>
                </>
              ),
          },
        ]}
      />
      {sharing !== null && (
        <ShareDialog
          record="regulatory_docs.document"
          id={sharing.id}
          what="document"
          name={sharing.name}
          onClose={() => setSharing(null)}
        />
      )}
      {leaving !== null && (
        <DeleteDocument document={leaving} onClose={() => setLeaving(null)} onDeleted={props.onChanged} />
      )}
    </>
  );
}

function Replace({ onFiles, name }: { onFiles: (files: File[]) => void; name: string }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Act label={`Replace ${name}`} onAct={() => input.current?.click()}>
        Replace
      </Act>
      <input
        ref={input}
        type="file"
        hidden
        accept={accepted}
        aria-label={`Replacement for ${name}`}
        onChange={(event) => onFiles([...(event.currentTarget.files ?? [])])}
      />
    </>
  );
}

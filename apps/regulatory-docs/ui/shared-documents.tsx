import { Act } from "@probity/web/kit/act.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { showAge, showBytes, showTime } from "@probity/web/kit/time.ts";
import { read } from "@probity/web/shell/api.ts";
import css from "@probity/web/shell/page.module.css";
import { Go } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useQuery } from "@tanstack/react-query";
import { docsApi, docsPage } from "./path.ts";
import type { DocumentRecord } from "./types.ts";
import { useDownload } from "./use-download.ts";

type Shared = DocumentRecord & { sharedBy: { name: string | null }; sharedAt: string };

/** Documents colleagues shared one by one: their collections may be out of sight. Nothing where there is none. */
export function SharedDocuments({ ws }: { ws: string }) {
  const list = useQuery({
    queryKey: ["shared-documents", ws],
    queryFn: async () => (await read<{ items: Shared[] }>(docsApi.sharedDocuments())).items,
  });
  const { start, failed } = useDownload();
  if (!list.isError && (list.data === undefined || list.data.length === 0)) return null;
  return (
    <section className={css.form} aria-labelledby="shared-with-you">
      <h2 id="shared-with-you">Shared with you</h2>
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {failed !== null && <ProblemNotice problem={asProblem(failed)} />}
      {list.data !== undefined && (
        <LedgerTable
          caption="Documents shared with you"
          rows={list.data}
          rowKey={(item) => item.id}
          tone={() => "none"}
          columns={[
            {
              id: "name",
              title: "Document",
              lead: true,
              cell: (item) => <Go to={docsPage.document(ws, item.id)}>{item.name}</Go>,
            },
            {
              id: "by",
              title: "Shared by",
              width: "180px",
              cell: (item) => item.sharedBy.name ?? "somebody who left",
            },
            {
              id: "revision",
              title: "Revision",
              width: "80px",
              cell: (item) => <span className={css.mono}>r{item.revision}</span>,
            },
            { id: "size", title: "Size", end: true, width: "84px", cell: (item) => showBytes(item.bytes) },
            {
              id: "shared",
              title: "Shared",
              width: "100px",
              cell: (item) => (
                <time dateTime={item.sharedAt} title={showTime(item.sharedAt)}>
                  {showAge(item.sharedAt)}
                </time>
              ),
            },
            {
              id: "acts",
              title: "Acts",
              quiet: true,
              end: true,
              width: "120px",
              cell: (item) => (
                <Act look="quiet" label={`Download ${item.name}`} onAct={() => start(item.id)}>
                  Download
                </Act>
              ),
            },
          ]}
        />
      )}
    </section>
  );
}

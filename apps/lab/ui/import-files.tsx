import { Act } from "@probity/web/kit/act.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { type Column, LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import type { Tone } from "@probity/web/kit/status.ts";
import { showTime } from "@probity/web/kit/time.ts";
import { read } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { Go } from "@probity/web/shell/place.tsx";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { FilterRow, useFilters } from "./filter-row.tsx";
import type { Kind } from "./import-form.ts";
import css from "./import.module.css";
import { labApi, labPage } from "./path.ts";
import type { SentFile } from "./types.ts";

const look: Record<SentFile["state"], { tone: Tone; word: string }> = {
  waiting: { tone: "partial", word: "on its way" },
  done: { tone: "covered", word: "imported" },
  refused: { tone: "gap", word: "refused" },
  cancelled: { tone: "none", word: "cancelled" },
};
const standOf = (file: SentFile) =>
  file.state === "waiting" && file.jobState === "failed"
    ? { tone: "gap" as const, word: "broke off" }
    : look[file.state];

/** The files sent before, newest first: where rows came from stays on the record. */
export function ImportFiles({ ws, kind }: { ws: string; kind: Kind }) {
  const filters = useFilters(["kind", "file", "state", "q"]);
  const asked = { state: filters.value("state") || undefined, q: filters.value("q") || undefined };
  const narrowed = asked.state !== undefined || asked.q !== undefined;
  const files = useQuery({
    queryKey: ["lab-imports", ws, kind, asked],
    queryFn: () => read<{ items: SentFile[] }>(labApi.importFiles(kind, asked)),
    placeholderData: keepPreviousData,
  });
  const items = files.data?.items ?? [];
  if (items.length === 0 && !narrowed) return null;
  return (
    <section className={css.before}>
      <h2>Files before</h2>
      <FilterRow
        of="files"
        placeholder="Name, source, person"
        filters={filters}
        choices={[
          {
            name: "state",
            label: "Stands",
            options: Object.entries(look).map(([value, { word }]) => ({ value, label: word })),
          },
        ]}
        file={{ path: labApi.importFiles(kind, { ...asked, format: "csv" }), name: `files-of-${kind}.csv` }}
      />
      {items.length === 0 ? (
        <EmptyState act={<Act onAct={() => filters.set({ state: "", q: "" })}>Clear the filters</Act>}>
          No file fits these filters.
        </EmptyState>
      ) : (
        <LedgerTable
          caption={`Imported files of ${kind}`}
          rows={items}
          rowKey={(file) => file.id}
          tone={(file) => standOf(file).tone}
          columns={columns(ws, kind)}
        />
      )}
    </section>
  );
}

function columns(ws: string, kind: Kind): Column<SentFile>[] {
  return [
    {
      id: "file",
      title: "File",
      lead: true,
      cell: (file) => (
        <>
          <Go to={labPage.imports(ws, kind, file.id)}>{file.fileName}</Go>{" "}
          <span className={page.meta}>{file.source ?? ""}</span>
        </>
      ),
    },
    {
      id: "rows",
      title: "Rows",
      width: "88px",
      end: true,
      cell: (file) => file.total.toLocaleString("en-GB"),
    },
    {
      id: "state",
      title: "Stands",
      width: "128px",
      cell: (file) => <StatusMark tone={standOf(file).tone} word={standOf(file).word} />,
    },
    { id: "by", title: "Sent by", width: "160px", cell: (file) => file.by ?? "" },
    {
      id: "at",
      title: "Sent at",
      width: "190px",
      cell: (file) => <time dateTime={file.at}>{showTime(file.at)}</time>,
    },
  ];
}

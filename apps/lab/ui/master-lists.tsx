import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { Choice, Field } from "@probity/web/kit/field.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { read, write } from "@probity/web/shell/api.ts";
import type { Page } from "@probity/web/shell/api-types.ts";
import { DownloadAct } from "@probity/web/shell/download-act.tsx";
import { Find } from "@probity/web/shell/find.tsx";
import { useEdited } from "@probity/web/shell/edited.tsx";
import page from "@probity/web/shell/page.module.css";
import { usePlace } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { inspectApi } from "./inspect-path.ts";
import { labApi } from "./path.ts";

type Kept = {
  id: string;
  version: number;
  code: string;
  name: string;
  kind?: string;
  description?: string | null;
  location?: string | null;
};
const productKinds = ["water", "raw-material", "in-process", "finished", "environment"] as const;
const words = {
  products: {
    title: "Products",
    one: "product",
    note: "Description",
    none: "No product yet. A product is what is tested; its limits and samples name it.",
  },
  "sampling-points": {
    title: "Sampling points",
    one: "sampling point",
    note: "Location",
    none: "No sampling point yet. Add the places that samples are taken at, such as a tap of a water system.",
  },
} as const;

/** Products or sampling points: what is there, and one more or a change by a form of few lines. */
export function MasterList(props: {
  path: "products" | "sampling-points";
  ws: string;
  /** Why nothing can be added or changed by the reader. */
  refused: string | undefined;
}) {
  const { path, ws, refused } = props;
  const place = usePlace();
  const key = [path === "products" ? "lab-products" : "lab-points", ws];
  const queries = useQueryClient();
  const q = typeof place.search["q"] === "string" ? place.search["q"] : "";
  const list = useQuery({
    queryKey: [...key, q],
    queryFn: () => read<Page<Kept>>(labApi.master(path, { q, limit: 200, sort: "code" })),
    placeholderData: keepPreviousData,
  });
  const [editing, setEditing] = useState<Kept | "new" | null>(place.search["new"] === "1" ? "new" : null);
  const { title, one, note, none } = words[path];
  const add = (look: "main" | "plain") => (
    <Act look={look} disabledReason={refused} onAct={() => setEditing("new")}>{`Add a ${one}`}</Act>
  );
  const leave = () => {
    setEditing(null);
    if (place.search["new"] === "1")
      place.query({ tab: place.search["tab"] === "points" ? "points" : "products" }, true);
  };
  return (
    <section aria-labelledby={path}>
      <div className={page.head}>
        <h2 id={path}>{title}</h2>
        {list.data?.items.length !== 0 && <span>{add("plain")}</span>}
      </div>
      {(q !== "" || (list.data?.items.length ?? 0) > 0) && (
        <div className={page.filters} role="search">
          <Find
            label={`Filter ${title.toLowerCase()} by words`}
            hint="Code, name"
            value={q}
            onFind={(found) => place.query({ tab: path === "products" ? path : "points", q: found }, true)}
          />
          <DownloadAct look="quiet" path={labApi.master(path, { q, format: "csv" })} name={`${path}.csv`}>
            Export these as CSV
          </DownloadAct>
        </div>
      )}
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton label={`Reading the ${title.toLowerCase()}`} rows={4} />}
      {list.data?.items.length === 0 &&
        (q === "" ? (
          <EmptyState act={add("main")}>{none}</EmptyState>
        ) : (
          <EmptyState
            act={
              <Act onAct={() => place.query({ tab: path === "products" ? path : "points" }, true)}>
                Clear the filter
              </Act>
            }
          >
            Nothing matches. Use other words, or fewer.
          </EmptyState>
        ))}
      {(list.data?.items.length ?? 0) > 0 && (
        <LedgerTable
          caption={title}
          rows={list.data?.items ?? []}
          rowKey={(row) => row.id}
          columns={[
            {
              id: "code",
              title: "Code",
              lead: true,
              width: "140px",
              cell: (row) => <b className={page.mono}>{row.code}</b>,
            },
            { id: "name", title: "Name", cell: (row) => row.name },
            {
              id: "more",
              title: path === "products" ? "Kind" : note,
              cell: (row) => (path === "products" ? (row.kind ?? "").replaceAll("-", " ") : (row.location ?? "–")),
            },
            {
              id: "act",
              title: "Change",
              quiet: true,
              width: "90px",
              end: true,
              cell: (row) => (
                <Act look="quiet" label={`Change ${row.code}`} disabledReason={refused} onAct={() => setEditing(row)}>
                  Change
                </Act>
              ),
            },
          ]}
        />
      )}
      {editing !== null && (
        <Edit
          path={path}
          row={editing === "new" ? null : editing}
          onClose={leave}
          onDone={() => {
            leave();
            void queries.invalidateQueries({ queryKey: key });
          }}
        />
      )}
    </section>
  );
}

function Edit(props: {
  path: "products" | "sampling-points";
  row: Kept | null;
  onClose: () => void;
  onDone: () => void;
}) {
  const { row, path } = props;
  const [code, setCode] = useState(row?.code ?? "");
  const [name, setName] = useState(row?.name ?? "");
  const [kind, setKind] = useState<string>(row?.kind ?? "finished");
  const [note, setNote] = useState((path === "products" ? row?.description : row?.location) ?? "");
  const product = path === "products";
  const none: Kept = { id: "", version: 0, code: "", name: "" };
  const edited = useEdited(row ?? none, () => read<Kept>(inspectApi.master(path, row?.id ?? "")), [
    { label: "Code", of: (each) => each.code, mine: code, take: setCode },
    { label: "Name", of: (each) => each.name, mine: name, take: setName },
    ...(product ? [{ label: "Kind", of: (each: Kept) => each.kind ?? "", mine: kind, take: setKind }] : []),
    {
      label: words[path].note,
      of: (each) => (product ? each.description : each.location) ?? "",
      mine: note,
      take: setNote,
    },
  ]);
  const body = {
    code: code.trim(),
    name: name.trim(),
    ...(product ? { kind, description: note.trim() || null } : { location: note.trim() || null }),
  };
  const save = useMutation({
    mutationFn: () =>
      row === null
        ? write("POST", inspectApi.master(path), body)
        : write("PATCH", inspectApi.master(path, row.id), body, { version: edited.base.version }),
    onError: edited.onError,
    onSuccess: props.onDone,
  });
  const verb = row === null ? `Add ${words[path].one}` : "Save";
  return (
    <Dialog open title={row === null ? verb : `Change ${row.code}`} onClose={props.onClose}>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (code.trim() !== "" && name.trim() !== "") save.mutate();
        }}
      >
        {save.isError && edited.told(save.error)}
        <Field name="master-code" label="Code" value={code} onChange={setCode} />
        <Field name="master-name" label="Name" value={name} onChange={setName} />
        {product && (
          <Choice
            name="master-kind"
            label="Kind"
            value={kind}
            options={productKinds.map((each) => ({ value: each, label: each.replaceAll("-", " ") }))}
            onChange={setKind}
          />
        )}
        <Field name="master-note" label={words[path].note} hint="May stay empty" value={note} onChange={setNote} />
        {row !== null && <p className={page.muted}>The version before stays in the history.</p>}
        <div>
          <Act
            look="main"
            size="form"
            submit
            busy={save.isPending}
            disabledReason={code.trim() === "" || name.trim() === "" ? "Code and name are needed." : undefined}
          >
            {verb}
          </Act>
        </div>
      </form>
    </Dialog>
  );
}

type Numbered = { id: string; version: number; series: string; prefix: string; digits: number; period: string };
const defaults = {
  sample: { title: "Samples", prefix: "S", digits: 5, period: "year" },
  worksheet: { title: "Worksheets", prefix: "WS", digits: 4, period: "year" },
} as const;

/** How samples and worksheets are numbered from now on. */
export function Numbering({ ws }: { ws: string }) {
  const queries = useQueryClient();
  const key = ["lab-numberings", ws];
  const list = useQuery({ queryKey: key, queryFn: () => read<{ items: Numbered[] }>(inspectApi.numberings()) });
  const [editing, setEditing] = useState<"sample" | "worksheet" | null>(null);
  const rows = (["sample", "worksheet"] as const).map((series) => {
    const own = list.data?.items.find((each) => each.series === series);
    return { version: own?.version ?? 0, ...defaults[series], ...own, series };
  });
  const chosen = rows.find((row) => row.series === editing);
  return (
    <section aria-labelledby="numbering">
      <h2 id="numbering">Numbering</h2>
      {list.isError && <ProblemNotice problem={asProblem(list.error)} />}
      <LedgerTable
        caption="Numbering"
        rows={rows}
        rowKey={(row) => row.series}
        columns={[
          { id: "of", title: "Of", lead: true, width: "140px", cell: (row) => row.title },
          { id: "next", title: "Looks like", cell: (row) => <span className={page.mono}>{exampleOf(row)}</span> },
          {
            id: "period",
            title: "Begins anew",
            cell: (row) => (row.period === "none" ? "never" : `each ${row.period}`),
          },
          {
            id: "act",
            title: "Change",
            quiet: true,
            width: "90px",
            end: true,
            cell: (row) => (
              <Act
                look="quiet"
                label={`Change the numbering of ${row.title.toLowerCase()}`}
                onAct={() => setEditing(row.series)}
              >
                Change
              </Act>
            ),
          },
        ]}
      />
      {chosen !== undefined && (
        <EditNumbering
          row={chosen}
          onClose={() => setEditing(null)}
          onDone={() => {
            setEditing(null);
            void queries.invalidateQueries({ queryKey: key });
          }}
        />
      )}
    </section>
  );
}

type NumberingRow = { series: string; title: string; version: number; prefix: string; digits: number; period: string };
function EditNumbering(props: { row: NumberingRow; onClose: () => void; onDone: () => void }) {
  const [prefix, setPrefix] = useState(props.row.prefix);
  const [digits, setDigits] = useState(String(props.row.digits));
  const [period, setPeriod] = useState(props.row.period);
  const save = useMutation({
    mutationFn: () =>
      write(
        "PUT",
        inspectApi.numbering(props.row.series),
        { prefix: prefix.trim(), digits: Number(digits), period },
        {
          version: props.row.version,
        },
      ),
    onSuccess: props.onDone,
  });
  return (
    <Dialog open title={`Numbering of ${props.row.title.toLowerCase()}`} onClose={props.onClose}>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        {save.isError && <ProblemNotice problem={asProblem(save.error)} />}
        <Field
          name="number-prefix"
          label="Prefix"
          hint="Capital letters and digits, six at most"
          value={prefix}
          onChange={setPrefix}
        />
        <Field name="number-digits" label="Digits" hint="3 to 8" value={digits} onChange={setDigits} />
        <Choice
          name="number-period"
          label="Begins anew"
          value={period}
          options={[
            { value: "year", label: "each year" },
            { value: "month", label: "each month" },
            { value: "none", label: "never" },
          ]}
          onChange={setPeriod}
        />
        <p className={page.muted}>
          Next ones look like <span className={page.mono}>{exampleOf({ prefix, digits: Number(digits), period })}</span>
          . Numbers that were given stay.
        </p>
        <div>
          <Act look="main" size="form" submit busy={save.isPending}>
            Number from now on
          </Act>
        </div>
      </form>
    </Dialog>
  );
}

function exampleOf({ prefix, digits, period }: Pick<NumberingRow, "prefix" | "digits" | "period">): string {
  const today = new Date().toISOString();
  const part = period === "none" ? "" : period === "year" ? today.slice(2, 4) : today.slice(2, 7).replace("-", "");
  const number = "42".padStart(Number.isInteger(digits) ? Math.min(Math.max(digits, 2), 8) : 5, "0");
  return [prefix, part, number].filter((each) => each !== "").join("-");
}

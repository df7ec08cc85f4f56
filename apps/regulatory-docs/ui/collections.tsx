import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { Field } from "@probity/web/kit/field.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { showAge, showTime } from "@probity/web/kit/time.ts";
import { download, write } from "@probity/web/shell/api.ts";
import { More } from "@probity/web/shell/more.tsx";
import css from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { type ApiProblem, asProblem } from "@probity/web/shell/problem.ts";
import { usePages } from "@probity/web/shell/use-pages.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { CountBar } from "./count-bar.tsx";
import bar from "./count-bar.module.css";
import { docsApi, docsPage } from "./path.ts";
import { SharedDocuments } from "./shared-documents.tsx";
import type { Collection } from "./types.ts";

/** Collections of documents, each with its latest gap result in one bar. */
export function Collections() {
  useTitle("Collections");
  const place = usePlace();
  const ws = place.params.ws ?? "";
  const q = typeof place.search.q === "string" ? place.search.q : "";
  const sort = typeof place.search.sort === "string" ? place.search.sort : "name";
  const list = usePages<Collection>(["collections", ws, q, sort], (cursor) =>
    docsApi.collections({ limit: 50, cursor, q: q || undefined, sort }),
  );
  const [making, setMaking] = useState(false);
  const [failed, setFailed] = useState<ApiProblem | null>(null);
  const make = (
    <Act look="main" size="form" onAct={() => setMaking(true)}>
      New collection
    </Act>
  );
  return (
    <div className={css.page}>
      <div className={css.head}>
        <h1>Collections</h1>
        {make}
      </div>
      <div className={css.row}>
        <input
          type="search"
          className={css.search}
          placeholder="Filter by name"
          aria-label="Filter collections by name"
          value={q}
          onChange={(event) => place.query({ q: event.currentTarget.value, sort: place.search.sort ? sort : "" }, true)}
        />
        {list.items.length > 0 && (
          <Act
            onAct={() => {
              setFailed(null);
              download(docsApi.collections({ format: "csv", q: q || undefined, sort }), "collections.csv").catch(
                (error: unknown) => setFailed(asProblem(error)),
              );
            }}
          >
            {q === "" ? "Export (CSV)" : "Export this selection (CSV)"}
          </Act>
        )}
        {list.items.length > 0 && <span className={css.meta}>An export goes into the audit trail.</span>}
      </div>
      {failed !== null && <ProblemNotice problem={failed} />}
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton label="Reading collections" />}
      {list.isSuccess && list.items.length === 0 && (
        <EmptyState act={q === "" ? make : <Act onAct={() => place.query({})}>Clear the filter</Act>}>
          {q === ""
            ? "No collection yet. A collection holds the documents you check together, such as one quality system."
            : "No collection has this in its name."}
        </EmptyState>
      )}
      {list.items.length > 0 && (
        <LedgerTable
          caption="Collections"
          rows={list.items}
          rowKey={(item) => item.id}
          sort={sort}
          onSort={(next) => place.query({ q, sort: next }, true)}
          tone={(item) => {
            const counts = item.lastRun?.counts;
            if (counts === undefined) return "none";
            return counts.gap > 0 ? "gap" : counts.partial > 0 ? "partial" : "covered";
          }}
          columns={[
            {
              id: "name",
              title: "Name",
              sort: "name",
              lead: true,
              cell: (item) => (
                <>
                  <Go to={docsPage.collection(ws, item.id)}>
                    <b>{item.name}</b>
                  </Go>
                  {(item.description ?? "") !== "" && <div className={css.meta}>{item.description}</div>}
                </>
              ),
            },
            {
              id: "documents",
              title: "Documents",
              end: true,
              width: "104px",
              cell: (item) => item.documentCount,
            },
            {
              id: "run",
              title: "Latest result",
              width: "320px",
              cell: (item) =>
                item.lastRun === null ? (
                  <span className={css.muted}>not analysed yet</span>
                ) : (
                  <Go to={docsPage.run(ws, item.lastRun.id)} className={bar.link}>
                    <span className="p-hidden">Latest result of {item.name}: </span>
                    <CountBar counts={item.lastRun.counts} />
                  </Go>
                ),
            },
            {
              id: "updated",
              title: "Changed",
              sort: "updatedAt",
              width: "110px",
              cell: (item) => (
                <time dateTime={item.updatedAt} title={showTime(item.updatedAt)}>
                  {showAge(item.updatedAt)}
                </time>
              ),
            },
          ]}
        />
      )}
      {list.isSuccess && list.items.length > 0 && (
        <More
          shown={list.items.length}
          total={list.total}
          noun={list.items.length === 1 ? "collection" : "collections"}
          more={list.hasNextPage}
          busy={list.isFetchingNextPage}
          onMore={() => void list.fetchNextPage()}
        />
      )}
      <SharedDocuments ws={ws} />
      <Make open={making} onClose={() => setMaking(false)} onMade={(id) => place.go(docsPage.collection(ws, id))} />
    </div>
  );
}

function Make(props: { open: boolean; onClose: () => void; onMade: (id: string) => void }) {
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [error, setError] = useState<string>();
  const queries = useQueryClient();
  const make = useMutation({
    mutationFn: () =>
      write<Collection>("POST", docsApi.collections(), { name: name.trim(), description: description.trim() }),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: ["collections"] });
      props.onMade(made.id);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wrong = name.trim() === "" ? "Name the collection, such as QMS 2026." : undefined;
    setError(wrong);
    if (wrong === undefined) make.mutate();
  };
  return (
    <Dialog open={props.open} onClose={props.onClose} title="New collection">
      <form className={css.form} onSubmit={submit} noValidate>
        {make.isError && <ProblemNotice problem={asProblem(make.error)} />}
        <Field name="collection-name" label="Name" value={name} onChange={setName} error={error} />
        <Field
          name="collection-description"
          label="What it holds"
          hint="May stay empty."
          value={description}
          onChange={setDescription}
        />
        <div>
          <Act look="main" size="form" submit busy={make.isPending}>
            Create collection
          </Act>
        </div>
      </form>
    </Dialog>
  );
}

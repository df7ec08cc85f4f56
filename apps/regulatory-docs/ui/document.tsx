import { Act } from "@probity/web/kit/act.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { showBytes, showTime } from "@probity/web/kit/time.ts";
import { bytes, read, write } from "@probity/web/shell/api.ts";
import { NotFound } from "@probity/web/shell/not-found.tsx";
import css from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { refusalText } from "./finding-status.ts";
import { docsApi, docsPage } from "./path.ts";
import type { DocumentText, OpenDocument } from "./types.ts";
import { useDownload } from "./use-download.ts";
import { type DocumentSource, type Shown, Viewer } from "./viewer.tsx";
import own from "./document.module.css";

/** One document as it reads now: what it is, where it belongs, and its words or its printed pages. */
export function DocumentPage() {
  const place = usePlace();
  const id = place.params.id ?? "";
  // Each reading leaves an access event: it is read when the page opens, and not again at each look at the window.
  const document = useQuery({
    queryKey: ["document", id],
    queryFn: () => read<OpenDocument>(docsApi.document(id)),
    refetchOnWindowFocus: false,
    refetchInterval: (query) => (query.state.data?.state === "reading" ? 2_000 : false),
  });
  useTitle(document.data?.name ?? "Document");
  if (document.isPending) {
    return (
      <div className={css.page}>
        <Skeleton rows={14} label="Opening the document" />
      </div>
    );
  }
  if (document.data === undefined) {
    if (asProblem(document.error).status === 404) return <NotFound inside />;
    return (
      <div className={css.page}>
        <h1>Document</h1>
        <ProblemNotice problem={asProblem(document.error)} onRetry={() => void document.refetch()} />
      </div>
    );
  }
  return <Opened key={id} document={document.data} />;
}

function Opened({ document }: { document: OpenDocument }) {
  const place = usePlace();
  const ws = place.params.ws ?? "";
  const as = place.search.view === "page" ? "page" : "text";
  const { start, failed } = useDownload();
  const source = useMemo<DocumentSource>(
    () => ({
      key: `${document.id} r${document.revision}`,
      text: (id) => read<DocumentText>(docsApi.text(id)),
      pdf: async (id) => bytes((await write<{ url: string }>("POST", docsApi.download(id))).url),
      isPdf: () => /pdf$/i.test(document.kind),
    }),
    [document.id, document.revision, document.kind],
  );
  const shown = useMemo<Shown>(
    () => ({
      documentId: document.id,
      name: document.fileName,
      revision: document.revision,
      page: null,
      marks: [],
      active: -1,
      total: 0,
    }),
    [document.id, document.fileName, document.revision],
  );
  const back =
    document.collection === null ? docsPage.collections(ws) : docsPage.collection(ws, document.collection.id);
  return (
    <div className={css.page}>
      <header className={css.head}>
        <div>
          <h1>{document.name}</h1>
          <p className={css.muted}>
            {document.collection === null ? (
              "Shared with you, its collection is not"
            ) : (
              <>
                In <Go to={back}>{document.collection.name}</Go>
              </>
            )}
            {` · revision ${document.revision}`}
            {document.pageCount === null
              ? ""
              : ` · ${document.pageCount} ${document.pageCount === 1 ? "page" : "pages"}`}
            {` · ${showBytes(document.bytes)} · `}
            <time dateTime={document.updatedAt}>{showTime(document.updatedAt)}</time>
          </p>
        </div>
        {document.state !== "refused" && <Act onAct={() => start(document.id)}>Download</Act>}
      </header>
      {failed !== null && <ProblemNotice problem={asProblem(failed)} />}
      {document.warnings.map((warning) => (
        <p key={warning.code} className={own.warning}>
          {warning.text}
        </p>
      ))}
      {document.state === "ready" ? (
        <div className={own.sheet}>
          <Viewer
            source={source}
            shown={shown}
            named={false}
            as={as}
            onAs={(view) => place.query({ view: view === "page" ? "page" : "" }, true)}
            onStep={() => undefined}
            onLeave={() => place.go(back)}
          />
        </div>
      ) : (
        <EmptyState>
          {document.state === "reading"
            ? "This document is still being read. Its text stands here when it is done."
            : refusalText(document.refusal)}
        </EmptyState>
      )}
    </div>
  );
}

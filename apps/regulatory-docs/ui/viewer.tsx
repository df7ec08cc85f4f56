import { Act } from "@probity/web/kit/act.tsx";
import { announce } from "@probity/web/kit/announcer.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, lazy, Suspense, useEffect, useRef } from "react";
import { type Mark, TextView } from "./text-view.tsx";
import type { DocumentText } from "./types.ts";
import css from "./viewer.module.css";

const PageView = lazy(async () => ({ default: (await import("./page-view.tsx")).PageView }));

/** Where the viewer takes documents from: the server for a run, memory for the free check. */
export interface DocumentSource {
  /** Part of the cache key; one source never serves another's text. */
  key: string;
  text: (documentId: string) => Promise<DocumentText>;
  /** The file's own bytes, for page view; `null` where there are none. */
  pdf: ((documentId: string) => Promise<ArrayBuffer>) | null;
  isPdf: (documentId: string) => boolean;
}

/** What the viewer shows: one document and the passages of it that matter now. */
export interface Shown {
  documentId: string;
  name: string;
  revision: number;
  page: number | null;
  marks: Mark[];
  active: number;
  /** How many passages there are in all, over every document. */
  total: number;
}

interface Props {
  source: DocumentSource;
  shown: Shown | null;
  as: "text" | "page";
  onAs: (as: "text" | "page") => void;
  onStep: (by: 1 | -1) => void;
  onLeave: () => void;
  /** Off where the page around it says which document it is. */
  named?: boolean;
}

/** The document with the evidence marked: tint, underline and number. F3 next, Esc back to the list. */
export function Viewer({ source, shown, as, onAs, onStep, onLeave, named = true }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const documentId = shown?.documentId ?? "";
  const text = useQuery({
    queryKey: ["document-text", source.key, documentId],
    queryFn: () => source.text(documentId),
    enabled: shown !== null,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const active = shown?.active ?? -1;
  const loaded = text.data !== undefined;
  // Another finding may start at the same number of the same document: its passage is what tells them apart.
  const passage = shown?.marks.find((item) => item.index === active)?.start ?? -1;

  useEffect(() => {
    if (!loaded) return;
    const show = () =>
      box.current?.querySelector<HTMLElement>(`[data-evidence="${active}"]`)?.scrollIntoView({ block: "center" });
    show();
    // The serif face arrives with the first document and moves every line of it.
    void document.fonts.ready.then(show);
  }, [documentId, active, passage, loaded, as]);

  if (shown === null) {
    return (
      <div className={css.empty}>
        <EmptyState>No passage to show. Open a requirement that has evidence, and it stands here, marked.</EmptyState>
      </div>
    );
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "F3") {
      event.preventDefault();
      onStep(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      onLeave();
    }
  };
  const mark = shown.marks.find((item) => item.index === active);
  const copy = async () => {
    if (mark === undefined) return;
    const where = `${shown.name}, revision ${shown.revision}${shown.page === null ? "" : `, page ${shown.page}`}`;
    await navigator.clipboard.writeText(`“${mark.quote.trim()}” (${where})`);
    announce("Quote with citation copied");
  };
  const paged = source.pdf !== null && source.isPdf(shown.documentId);
  return (
    <div className={css.viewer} onKeyDown={onKey} ref={box}>
      {(named || paged) && (
        <header className={css.bar}>
          {named && (
            <>
              <strong className={css.name} title={shown.name}>
                {shown.name}
              </strong>
              <span className={css.meta}>
                r{shown.revision}
                {shown.page === null ? "" : ` · p. ${shown.page}`}
              </span>
            </>
          )}
          <span className={css.acts}>
            {paged && (
              <>
                <Act pressed={as === "text"} onAct={() => onAs("text")}>
                  Text
                </Act>
                <Act pressed={as === "page"} onAct={() => onAs("page")}>
                  Page
                </Act>
              </>
            )}
            {mark !== undefined && (
              <Act look="quiet" onAct={() => void copy()}>
                Copy quote
              </Act>
            )}
            {shown.total > 1 && (
              <>
                <Act label="Evidence before" onAct={() => onStep(-1)}>
                  ‹
                </Act>
                <span className={css.meta}>
                  {active + 1} of {shown.total}
                </span>
                <Act label="Next evidence" onAct={() => onStep(1)}>
                  ›
                </Act>
              </>
            )}
          </span>
        </header>
      )}
      {text.isError && <ProblemNotice problem={asProblem(text.error)} onRetry={() => void text.refetch()} />}
      {text.isPending && <Skeleton rows={12} label="Opening the document" />}
      {text.data !== undefined &&
        (paged && as === "page" && source.pdf !== null ? (
          <Suspense fallback={<Skeleton rows={12} label="Opening the page" />}>
            <PageView
              key={shown.documentId}
              load={source.pdf}
              documentId={shown.documentId}
              page={shown.page ?? 1}
              marks={shown.marks}
              active={active}
            />
          </Suspense>
        ) : (
          <TextView document={text.data} marks={shown.marks} active={active} total={shown.total} name={shown.name} />
        ))}
    </div>
  );
}

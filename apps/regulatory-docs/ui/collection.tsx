import { Act } from "@probity/web/kit/act.tsx";
import { Choice } from "@probity/web/kit/field.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { FileDrop } from "@probity/web/kit/file-drop.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Progress } from "@probity/web/kit/progress.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { read, write } from "@probity/web/shell/api.ts";
import type { Page } from "@probity/web/shell/api-types.ts";
import { NotFound } from "@probity/web/shell/not-found.tsx";
import pageCss from "@probity/web/shell/page.module.css";
import { PolicyLimit } from "@probity/web/shell/policy-limit.tsx";
import { usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { ApiProblem, asProblem } from "@probity/web/shell/problem.ts";
import { useInstance } from "@probity/web/shell/session.ts";
import { useJob } from "@probity/web/shell/use-job.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { CollectionHead } from "./collection-head.tsx";
import { CollectionHistory } from "./collection-history.tsx";
import { DocumentTable } from "./document-table.tsx";
import { docsApi, docsPage } from "./path.ts";
import { RunList } from "./run-list.tsx";
import { SayWhy } from "./say-why.tsx";
import type { Collection, DocumentRecord } from "./types.ts";
import { accepted, sayLeftOut } from "./use-check.ts";
import { asksReason, useUploads } from "./use-uploads.ts";
import css from "./collection.module.css";

/** Documents of one collection, what became of each, and the act that checks them. */
export function CollectionPage() {
  const place = usePlace();
  const [ws, id] = [place.params.ws ?? "", place.params.id ?? ""];
  const queries = useQueryClient();
  const instance = useInstance();
  const collection = useQuery({
    queryKey: ["collection", id],
    queryFn: () => read<Collection>(docsApi.collection(id)),
  });
  const documents = useQuery({
    queryKey: ["documents", id],
    queryFn: async () => (await read<Page<DocumentRecord>>(docsApi.documents(id))).items,
    refetchInterval: (query) => (query.state.data?.some((item) => item.state === "reading") ? 1_000 : false),
  });
  const reread = () =>
    Promise.all([
      queries.invalidateQueries({ queryKey: ["documents", id] }),
      queries.invalidateQueries({ queryKey: ["collection", id] }),
    ]);
  const uploads = useUploads(id, reread);
  const [pack, setPack] = useState("");
  const [running, setRunning] = useState<{ runId: string; jobId: string } | null>(null);
  const [failed, setFailed] = useState<ApiProblem | null>(null);
  const packs = instance.data?.packs ?? [];
  const chosen = packs.find((item) => item.id === pack) ?? packs[0];
  const job = useJob(running?.jobId ?? null, (end) => {
    setRunning(null);
    if (end.state === "done" && running !== null) place.go(docsPage.run(ws, running.runId));
    else
      setFailed(
        new ApiProblem({
          status: 0,
          title: "The analysis stopped.",
          detail: "The documents are safe.",
          ...end.problem,
        }),
      );
    void queries.invalidateQueries({ queryKey: ["runs", id] });
  });
  const analyse = useMutation({
    mutationFn: () => write<{ runId: string; jobId: string }>("POST", docsApi.analyse(id), { pack: chosen?.id ?? "" }),
    onSuccess: (started) => {
      setFailed(null);
      setRunning(started);
    },
  });
  useTitle(collection.data?.name ?? "Collection");

  if (collection.isPending)
    return (
      <div className={pageCss.page}>
        <Skeleton label="Opening the collection" />
      </div>
    );
  if (collection.data === undefined) {
    if (asProblem(collection.error).status === 404) return <NotFound inside />;
    return (
      <div className={pageCss.page}>
        <h1>Collection</h1>
        <ProblemNotice problem={asProblem(collection.error)} onRetry={() => void collection.refetch()} />
      </div>
    );
  }
  const rows = documents.data ?? [];
  const ready = rows.filter((item) => item.state === "ready").length;
  const refused =
    rows.filter((item) => item.state === "refused").length +
    uploads.items.filter((item) => item.problem !== null && !asksReason(item)).length;
  const waiting = uploads.items.filter(asksReason);
  const reading = rows.filter((item) => item.state === "reading").length;
  const all = ready + refused + reading;
  const waits = ready === 0 ? "No document is ready yet." : reading > 0 ? `${reading} still being read.` : undefined;
  return (
    <div className={css.page}>
      <div className={pageCss.page}>
        <CollectionHead collection={collection.data} onChanged={reread} />
        <FileDrop look="line" accept={accepted} onFiles={uploads.add}>
          Drop files or a folder here, up to <PolicyLimit name="file.maxMegabytes" /> a file. A file with a name already
          here becomes its next revision.
        </FileDrop>
        {uploads.leftOut.length > 0 && <Notice tone="partial">{sayLeftOut(uploads.leftOut)}</Notice>}
        <SayWhy
          waiting={waiting}
          onSaid={(reason) => {
            for (const item of waiting) uploads.giveReason(item, reason);
          }}
        />
        {documents.isError && (
          <ProblemNotice problem={asProblem(documents.error)} onRetry={() => void documents.refetch()} />
        )}
        {documents.isPending && <Skeleton label="Reading documents" />}
        {documents.isSuccess && rows.length === 0 && uploads.items.length === 0 ? (
          <EmptyState>No document yet. Drop the procedures you want to check.</EmptyState>
        ) : (
          <DocumentTable
            documents={rows}
            uploads={uploads.items}
            onReplace={uploads.add}
            onForget={uploads.forget}
            onChanged={reread}
          />
        )}
        {rows.length > 0 && (
          <p className={pageCss.meta}>
            A download makes a link that works for <PolicyLimit name="file.linkMinutes" />; making it and each use of it
            go into the audit trail.
          </p>
        )}
        <RunList collectionId={id} ws={ws} />
        <CollectionHistory collectionId={id} />
      </div>
      <div className={css.sticky}>
        {(analyse.isError || failed !== null) && <ProblemNotice problem={failed ?? asProblem(analyse.error)} />}
        {running !== null ? (
          <Progress stage={job?.stage ?? "Waiting to start"} done={job?.done ?? 0} total={job?.total ?? ready} />
        ) : (
          <div className={css.analyse}>
            <Choice
              name="pack"
              label="Against"
              quiet
              value={chosen?.id ?? ""}
              onChange={setPack}
              options={packs.map((item) => ({ value: item.id, label: item.title }))}
            />
            <Act look="main" size="form" disabledReason={waits} busy={analyse.isPending} onAct={() => analyse.mutate()}>
              {ready === all
                ? `Analyse ${ready} documents`
                : `Analyse ${ready} of ${all}${refused > 0 ? `, ${refused} refused` : ""}`}
            </Act>
          </div>
        )}
      </div>
    </div>
  );
}

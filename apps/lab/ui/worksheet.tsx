import { Act } from "@probity/web/kit/act.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { ProofLine } from "@probity/web/kit/proof-line.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { read, write } from "@probity/web/shell/api.ts";
import { PageProblem } from "@probity/web/shell/page-problem.tsx";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import css from "./lab.module.css";
import { GateNotice, useHeld } from "./gate-notice.tsx";
import { inspectApi, inspectPage } from "./inspect-path.ts";
import { labApi, labPage } from "./path.ts";
import { SetupPanel } from "./setup-panel.tsx";
import { ResultGrid } from "./result-grid.tsx";
import { RunQuality, useRunMarks, useRuns } from "./run-quality.tsx";
import { StoryDialog } from "./story.tsx";
import type { SavedRow, Worksheet } from "./types.ts";
import { Verifications, VerifyAct } from "./verify.tsx";
import { refusedBecause } from "./words.ts";
import { WorksheetRows } from "./worksheet-rows.tsx";

/** One worksheet: the grid, what its blanks and controls say, and its verification by another person. */
export function WorksheetPage() {
  const place = usePlace();
  const [ws, id] = [place.params["ws"] ?? "", place.params["id"] ?? ""];
  const key = ["lab-worksheet", id];
  const sheet = useQuery({ queryKey: key, queryFn: () => read<Worksheet>(labApi.worksheet(id)) });
  const [story, setStory] = useState<string | null>(null);
  const [changing, setChanging] = useState(false);
  const queries = useQueryClient();
  const review = useMutation({
    mutationFn: () => write<{ id: string }>("POST", inspectApi.reviews(), { worksheetId: id }),
    onSuccess: (made) => place.go(inspectPage.review(ws, made.id)),
  });
  // What was saved stands in the grid at once, as the server answered it.
  const saved = (rows: SavedRow[]) => {
    const byId = new Map(rows.map((row) => [row.id, row]));
    queries.setQueryData<Worksheet>(key, (before) =>
      before === undefined ? before : { ...before, rows: before.rows.map((row) => ({ ...row, ...byId.get(row.id) })) },
    );
    void queries.invalidateQueries({ queryKey: key });
    void queries.invalidateQueries({ queryKey: ["lab-story"] });
  };
  const found = sheet.data;
  const fresh = (found?.rows ?? []).map((row) => row.version).join();
  const runs = useRuns({ worksheet: id }, fresh);
  const marks = useRunMarks(ws, runs.data);
  const held = useHeld({ worksheet: id }, fresh);
  useTitle(found?.number ?? "Worksheet");
  if (found === undefined)
    return sheet.isError ? (
      <PageProblem
        title="Worksheet"
        error={sheet.error}
        onRetry={() => void sheet.refetch()}
        back={<Go to={labPage.worksheets(ws)}>All worksheets</Go>}
      />
    ) : (
      <div className={page.page}>
        <Skeleton heading label="Reading the worksheet" />
      </div>
    );
  const open = found.rows.filter((row) => row.state === "open").length;
  const own = found.rows.filter((row) => row.state === "entered" && row.enteredById === found.you).length;
  const quality = found.rows.filter((row) => row.kind === "blank" || row.kind === "control");
  const failed = quality.filter((row) => row.verdict === "out" || row.verdict === "unclear");
  const methods = [...new Set(found.rows.map((row) => `${row.method.code} v${row.method.number} ${row.method.title}`))];
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1 className={css.number}>{found.number}</h1>
        <span>{found.title}</span>
        {found.state === "verified" ? (
          <StatusMark tone="sealed" word="verified" tinted />
        ) : (
          <StatusMark tone={open === 0 ? "partial" : "none"} word={open === 0 ? "to verify" : `${open} open`} tinted />
        )}
        <span className={`${page.row} p-no-print`}>
          <Go to={labPage.imports(ws, "results")}>Import results</Go>
          {found.state === "open" && (
            <Act
              disabledReason={refusedBecause(found.may, "lab.worksheet.change", "technicians")}
              onAct={() => setChanging(true)}
            >
              Change rows
            </Act>
          )}
          <Act onAct={() => window.print()}>Print</Act>
          <Act
            busy={review.isPending}
            disabledReason={refusedBecause(found.may, "lab.review.change", "reviewers and admins")}
            onAct={() => review.mutate()}
          >
            Review its trail
          </Act>
          {found.state === "open" && (
            <VerifyAct
              words="Verify worksheet"
              of={labApi.worksheet(id)}
              version={found.version}
              by={found.verifyBy}
              look={open === 0 ? "main" : "plain"}
              refused={
                refusedBecause(found.may, "lab.result.verify", "reviewers") ??
                (open > 0
                  ? `${open} results are still open.`
                  : own > 0
                    ? `You entered ${own} of these, and nobody verifies their own. Ask another reviewer.`
                    : held)
              }
              onDone={() => void queries.invalidateQueries({ queryKey: key })}
            />
          )}
        </span>
      </div>
      <p className={page.meta}>
        {methods.join(" · ")} · made by {found.madeBy ?? "Probity"}, {showTime(found.createdAt)}
      </p>
      {/* What is typed and not saved stays while the page cannot be read anew. */}
      {sheet.isError && <ProblemNotice problem={asProblem(sheet.error)} onRetry={() => void sheet.refetch()} />}
      {review.isError && <ProblemNotice problem={asProblem(review.error)} />}
      {failed.length > 0 && (
        <Notice tone="gap">
          {failed.map((row) => row.name).join(" and ")} {failed.length === 1 ? "is" : "are"} outside{" "}
          {failed.length === 1 ? "its" : "their"} limits. The results are kept; look at the run before it is verified.
        </Notice>
      )}
      {quality.length === 0 && <Notice tone="partial">This worksheet has no blank and no control.</Notice>}
      <SetupPanel
        ws={ws}
        worksheet={id}
        entered={found.rows.filter((row) => row.state === "entered")}
        onChanged={() => void queries.invalidateQueries({ queryKey: key })}
      />
      <RunQuality ws={ws} runs={runs} />
      <GateNotice of={{ worksheet: id }} fresh={fresh} />
      <ResultGrid
        ws={ws}
        rows={found.rows}
        marks={marks}
        samples
        refused={
          found.state === "verified"
            ? "The worksheet is verified."
            : refusedBecause(found.may, "lab.result.enter", "technicians")
        }
        onSaved={saved}
        onStory={setStory}
      />
      <Verifications items={found.verifications} />
      <ProofLine
        parts={[
          `v${found.version}`,
          `${found.rows.length} rows`,
          "verdicts come with saving, against the limits frozen at registration",
        ]}
      />
      {changing && (
        <WorksheetRows
          ws={ws}
          sheet={found}
          onClose={() => setChanging(false)}
          onDone={() => {
            setChanging(false);
            void queries.invalidateQueries({ queryKey: key });
          }}
        />
      )}
      <StoryDialog
        id={story}
        may={found.may}
        onClose={() => setStory(null)}
        onChanged={() => void queries.invalidateQueries({ queryKey: key })}
      />
    </div>
  );
}

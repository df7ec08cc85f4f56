import { Act } from "@probity/web/kit/act.tsx";
import { Ask } from "@probity/web/kit/ask.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Progress } from "@probity/web/kit/progress.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { read, write } from "@probity/web/shell/api.ts";
import { DownloadAct } from "@probity/web/shell/download-act.tsx";
import page from "@probity/web/shell/page.module.css";
import { Go } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useJob } from "@probity/web/shell/use-job.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { sayTold, type Kind } from "./import-form.ts";
import { ImportFaults } from "./import-faults.tsx";
import css from "./import.module.css";
import { labApi, labPage } from "./path.ts";
import type { SentFile } from "./types.ts";

const stages: Record<string, string> = {
  waiting: "Waiting for its turn",
  starting: "Starting",
  reading: "Reading the file",
  checking: "Checking every row",
  writing: "Writing rows",
  done: "Finishing",
};

/** A file that was sent: how far it is, and what became of it. */
export function ImportStand({ ws, kind, id, onAgain }: { ws: string; kind: Kind; id: string; onAgain: () => void }) {
  const queries = useQueryClient();
  const stand = useQuery({
    queryKey: ["lab-import", ws, id],
    queryFn: () => read<SentFile>(labApi.imports(kind, id)),
  });
  const file = stand.data;
  const waits = file?.state === "waiting" && file.jobState !== "failed";
  const again = () =>
    Promise.all(
      ["lab-import", "lab-imports", "lab-samples"].map((key) => queries.invalidateQueries({ queryKey: [key] })),
    );
  const job = useJob(waits ? (file?.jobId ?? null) : null, () => void again());
  const [asking, setAsking] = useState(false);
  const cancel = useMutation({
    mutationFn: () => write("POST", labApi.imports(kind, id, "cancel")),
    onSuccess: () => setAsking(false),
    onSettled: again,
  });
  const next = (
    <Act look="main" onAct={onAgain}>
      Import another file
    </Act>
  );
  if (stand.isError) return <ProblemNotice problem={asProblem(stand.error)} />;
  if (file === undefined) return <Skeleton label="Looking up the file" />;
  const total = file.total.toLocaleString("en-GB");
  return (
    <div className={css.stand}>
      {waits && (
        <>
          <p className={css.facts}>
            <b className={css.name}>{file.fileName}</b>
            <span className={page.muted}>{`${total} rows`}</span>
          </p>
          <Progress
            stage={stages[job?.stage ?? "waiting"] ?? "Working"}
            done={job?.done ?? 0}
            total={file.total}
            unit="rows"
          />
          <p className={page.row}>
            <Act
              onAct={() => {
                cancel.reset();
                setAsking(true);
              }}
            >
              Cancel the import …
            </Act>
            <span className={page.muted}>
              All rows come at once, at the end. You can leave this page; the import goes on.
            </span>
          </p>
          {asking && (
            <Ask
              title={`Cancel the import of ${file.fileName}`}
              follows={[
                `None of its ${total} rows comes in. What it did so far is thrown away.`,
                "The file itself is kept, and that it was cancelled. To import it later, send it again.",
              ]}
              act="Cancel the import"
              keep="Let it go on"
              busy={cancel.isPending}
              onDo={() => cancel.mutate()}
              onClose={() => setAsking(false)}
            >
              {cancel.isError && <ProblemNotice problem={asProblem(cancel.error)} />}
            </Ask>
          )}
        </>
      )}
      {file.state === "done" && (
        <Notice
          tone="covered"
          act={
            <span className={page.row}>
              <Go to={kind === "samples" ? labPage.samples(ws) : labPage.worksheets(ws)}>
                {kind === "samples" ? "Open samples" : "Open worksheets"}
              </Go>
              {next}
            </span>
          }
        >
          {`${file.imported.toLocaleString("en-GB")} ${file.imported === 1 ? "row" : "rows"} of ${file.fileName} ${file.imported === 1 ? "is" : "are"} in. ${sayTold(file.told) ?? ""} The file is kept as it was, sha-256 ${file.sha256.slice(0, 12)}.`}
        </Notice>
      )}
      {file.state === "refused" && (
        <>
          <Notice
            tone="gap"
            act={
              <span className={page.row}>
                {file.reportBlobId !== null && (
                  <DownloadAct path={labApi.imports(kind, id, "errors")} name="errors.csv">
                    {file.errorCount === 1
                      ? "Download the row"
                      : `Download the ${file.errorCount.toLocaleString("en-GB")} rows`}
                  </DownloadAct>
                )}
                {next}
              </span>
            }
          >
            {file.errorCount > 0
              ? `${file.errorCount.toLocaleString("en-GB")} of ${total} rows of ${file.fileName} ${file.errorCount === 1 ? "has an error" : "have errors"}; none were imported. Download, correct, import again.`
              : `${file.fileName} was not imported. ${file.refusal ?? ""}`}
          </Notice>
          {(file.errors?.length ?? 0) > 0 && <ImportFaults faults={file.errors ?? []} rows={file.errorCount} />}
        </>
      )}
      {file.state === "cancelled" && (
        <Notice tone="none" act={next}>
          {`The import of ${file.fileName} was cancelled. Nothing of it was kept but the file itself.`}
        </Notice>
      )}
      {file.state === "waiting" && file.jobState === "failed" && (
        <Notice tone="gap" act={next}>
          {`The import of ${file.fileName} broke off. Nothing was half-stored. Send it again; if it stays, give the job ${file.jobId ?? ""} to your operator.`}
        </Notice>
      )}
    </div>
  );
}

import { Menu } from "@mantine/core";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { download, read } from "@probity/web/shell/api.ts";
import { Go, usePlace } from "@probity/web/shell/place.tsx";
import { type ApiProblem, asProblem } from "@probity/web/shell/problem.ts";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { CountLine } from "./count-line.tsx";
import { docsApi, docsPage } from "./path.ts";
import { packId, useRuns } from "./run-list.tsx";
import type { Collection, Run } from "./types.ts";
import css from "./run.module.css";
import menu from "./menu.module.css";

const formats = [
  ["pdf", "Report (PDF)"],
  ["csv", "Findings (CSV)"],
  ["json", "Everything (JSON)"],
] as const;

/** Title, counts, what is undecided, and the menus of report and comparison. */
export function RunHead({ run, onCompare }: { run: Run; onCompare: (other: string) => void }) {
  const place = usePlace();
  const runs = useRuns(run.collectionId);
  const collection = useQuery({
    queryKey: ["collection", run.collectionId],
    queryFn: () => read<Collection>(docsApi.collection(run.collectionId)),
  });
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const others = (runs.data ?? []).filter(
    (item) => item.id !== run.id && packId(item) === run.pack.id && (item.state ?? "done") === "done",
  );
  const skipped = run.documents.filter((item) => item.skipped !== null).length;
  const undecided = run.findings.filter((finding) => finding.decision === null).length;
  return (
    <>
      <header className={css.head}>
        <h1>
          {collection.data !== undefined && (
            <>
              <Go to={docsPage.collection(place.params.ws ?? "", run.collectionId)}>{collection.data.name}</Go> ×{" "}
            </>
          )}
          {run.pack.title} <span className={css.muted}>run {run.number}</span>
        </h1>
        <CountLine findings={run.findings} />
        <span className={css.muted} title={showTime(run.createdAt)}>
          {undecided === 0 ? "all decided" : `undecided ${undecided}`}
          {skipped > 0 && ` · ${skipped} of ${run.documents.length} documents skipped`}
        </span>
        <span className={css.acts}>
          <Menu>
            <Menu.Target>
              <button type="button" className={menu.button}>
                Report ▾
              </button>
            </Menu.Target>
            <Menu.Dropdown>
              {formats.map(([format, word]) => (
                <Menu.Item
                  key={format}
                  onClick={() => {
                    setProblem(null);
                    download(docsApi.report(run.id, format), `gap-result-run-${run.number}.${format}`).catch(
                      (error: unknown) => setProblem(asProblem(error)),
                    );
                  }}
                >
                  {word}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
          <Menu>
            <Menu.Target>
              <button type="button" className={menu.button}>
                Compare ▾
              </button>
            </Menu.Target>
            <Menu.Dropdown>
              {others.length === 0 && <Menu.Label>No other run of this pack yet</Menu.Label>}
              {others.map((item) => (
                <Menu.Item key={item.id} onClick={() => onCompare(item.id)}>
                  With run {item.number}, {showTime(item.createdAt)}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        </span>
      </header>
      {problem !== null && <ProblemNotice problem={problem} />}
    </>
  );
}

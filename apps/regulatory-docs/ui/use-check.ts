import { announce } from "@probity/web/kit/announcer.tsx";
import { streamLines } from "@probity/web/shell/api.ts";
import { api } from "@probity/web/shell/path.ts";
import { ApiProblem, asProblem } from "@probity/web/shell/problem.ts";
import { useCallback, useEffect, useRef, useState } from "react";
import type { CheckLine, CheckRun, Refusal } from "./types.ts";

/** What the file chooser offers. The server looks at the bytes and decides. */
export const accepted = ".pdf,.docx,.docm,.doc,.txt,.md";

export interface CheckedFile {
  file: File;
  state: string;
  refusal: Refusal | null;
}

interface Shared {
  files: CheckedFile[];
  /** Names of what was chosen with them and never sent, since this reads none of its kind. */
  leftOut: readonly string[];
  problem: ApiProblem | null;
}

export type CheckState =
  | (Shared & { step: "idle" })
  | (Shared & { step: "checking"; progress: { stage: string; done: number; total: number } })
  | (Shared & { step: "result"; run: CheckRun });

const empty: CheckState = { step: "idle", files: [], leftOut: [], problem: null };

/** Files this product reads, by the end of their names; the server looks at the bytes and decides. */
export function offeredOf(chosen: readonly File[]): { offered: File[]; leftOut: string[] } {
  const reads = (file: File) => accepted.split(",").some((end) => file.name.toLowerCase().endsWith(end));
  return { offered: chosen.filter(reads), leftOut: chosen.filter((file) => !reads(file)).map((file) => file.name) };
}

/** `a.xlsx, b.png and 12 more were left out: …`; nothing where nothing was. */
export function sayLeftOut(names: readonly string[]): string {
  if (names.length === 0) return "";
  const more = names.length > 5 ? ` and ${names.length - 5} more` : "";
  const were = names.length === 1 ? "was" : "were";
  return `${names.slice(0, 5).join(", ")}${more} ${were} left out: PDF, Word, text and Markdown alone are read.`;
}

/** One free check: files out, lines in, the result held in this page's memory alone. */
export function useCheck() {
  const [state, setState] = useState<CheckState>(empty);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  const reset = useCallback(() => {
    running.current?.abort();
    setState(empty);
  }, []);

  const start = useCallback((pack: string | undefined, chosen: File[]) => {
    const { offered, leftOut } = offeredOf(chosen);
    if (offered.length === 0) {
      setState({
        ...empty,
        problem: new ApiProblem({
          status: 0,
          title: "None of these files holds text this check reads.",
          detail: "Nothing was sent.",
          next: "Choose PDF, Word, text or Markdown files.",
        }),
      });
      return;
    }
    const control = new AbortController();
    running.current?.abort();
    running.current = control;
    const form = new FormData();
    // Dropped before the packs were known, the server takes its own first one.
    if (pack !== undefined) form.append("pack", pack);
    for (const file of offered) form.append("files", file, file.name);
    let files: CheckedFile[] = offered.map((file) => ({ file, state: "sending", refusal: null }));
    let progress = { stage: "Sending", done: 0, total: offered.length };
    setState({ step: "checking", files, leftOut, problem: null, progress });

    const run = async () => {
      for await (const line of streamLines<CheckLine>(api.check(), form, control.signal)) {
        if (line.type === "file") {
          files = files.map((item) =>
            item.file.name === line.name ? { ...item, state: line.state, refusal: line.refusal ?? null } : item,
          );
        } else if (line.type === "progress") {
          progress = { stage: line.stage, done: line.done, total: line.total };
        } else if (line.type === "problem") {
          throw new ApiProblem({ status: 0, ...line.problem, title: closed(line.problem.title) });
        } else {
          announce(`Done. ${line.run.counts.gap} gaps, ${line.run.counts.partial} partial.`);
          setState({ step: "result", files, leftOut, problem: null, run: line.run });
          return;
        }
        setState({ step: "checking", files, leftOut, problem: null, progress });
      }
      throw new ApiProblem({
        status: 0,
        title: "The check ended before its result.",
        detail: "Nothing was kept.",
        next: "Start it again; fewer files go faster.",
      });
    };
    run().catch((error: unknown) => {
      if (control.signal.aborted) return;
      setState({ step: "idle", files, leftOut, problem: waitWords(asProblem(error)) });
    });
  }, []);

  return { state, start, reset };
}

/** A title the server wrote without its full stop. */
function closed(title: string): string {
  return /[.!?…]$/.test(title) ? title : `${title}.`;
}

/** A 429 says when to come back: once, and in minutes where the server counts seconds. */
function waitWords(problem: ApiProblem): ApiProblem {
  if (problem.status !== 429 || problem.retryAfterSeconds === null || problem.next !== "") return problem;
  const minutes = Math.ceil(problem.retryAfterSeconds / 60);
  return new ApiProblem({
    ...problem,
    fields: {},
    detail: problem.detail.replace(/ Try again after \d+ seconds?\.$/, ""),
    next: minutes <= 1 ? "Come back in a minute." : `Come back in ${minutes} minutes.`,
  });
}

import { QueryClient } from "@tanstack/react-query";
import { ApiProblem } from "./problem.ts";
import { waitsFor } from "./waiting.tsx";

/** What the server refused it would refuse again; only silence and a spent budget are asked once more. */
function again(count: number, error: Error): boolean {
  if (!(error instanceof ApiProblem)) return false;
  return (error.status === 0 && count < 2) || (error.status === 429 && count < 4);
}

/** A spent budget says how long; a little more, so that a page's queries do not all come back at once. */
function wait(count: number, error: Error): number {
  const asked = error instanceof ApiProblem ? error.retryAfterSeconds : null;
  if (asked === null) return 1_000 * 2 ** count;
  const delayMs = asked * 1_000 + Math.random() * 500;
  waitsFor(delayMs);
  return delayMs;
}

/** Answers of the server, shared by all screens; cleared when the workspace changes. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: { retry: again, retryDelay: wait, staleTime: 10_000, refetchOnWindowFocus: true },
    mutations: { retry: false },
  },
});

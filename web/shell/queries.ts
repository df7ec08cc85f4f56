import { QueryClient } from "@tanstack/react-query";
import { ApiProblem } from "./problem.ts";

/** What the server refused it would refuse again; only silence is asked twice. */
function again(count: number, error: Error): boolean {
  return error instanceof ApiProblem && error.status === 0 && count < 2;
}

/** Answers of the server, shared by all screens; cleared when the workspace changes. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: { retry: again, staleTime: 10_000, refetchOnWindowFocus: true },
    mutations: { retry: false },
  },
});

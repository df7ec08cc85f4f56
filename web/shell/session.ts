import { useQuery } from "@tanstack/react-query";
import { readPublic, sessionEnded } from "./api.ts";
import type { Instance, Session } from "./api-types.ts";
import { api } from "./path.ts";
import { ApiProblem } from "./problem.ts";

export const sessionKey = ["session"] as const;
let awaited = false;

/** Whether the browser holds half a sign-in: the sign-in page then goes on with the second factor. */
export function factorAwaited(): boolean {
  return awaited;
}

/** Who is signed in; `null` when nobody is. */
export function useSession() {
  return useQuery({
    queryKey: sessionKey,
    staleTime: 60_000,
    queryFn: async ({ client }): Promise<Session | null> => {
      try {
        return await readPublic<Session>(api.session());
      } catch (error) {
        awaited = error instanceof ApiProblem && error.code === "factor.awaited";
        if (error instanceof ApiProblem && error.status === 401) {
          // Asked again on coming back to the tab: what was entered must not go with the session.
          const before = client.getQueryData<Session | null>(sessionKey);
          return before !== undefined && before !== null && sessionEnded() ? before : null;
        }
        throw error;
      }
    },
  });
}

/** What this instance is and allows. */
export function useInstance() {
  return useQuery({
    queryKey: ["instance"],
    queryFn: () => readPublic<Instance>(api.instance()),
    staleTime: 5 * 60_000,
  });
}

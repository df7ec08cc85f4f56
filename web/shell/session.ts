import { useQuery } from "@tanstack/react-query";
import { readPublic } from "./api.ts";
import type { Instance, Session } from "./api-types.ts";
import { api } from "./path.ts";
import { ApiProblem } from "./problem.ts";

export const sessionKey = ["session"] as const;

/** Who is signed in; `null` when nobody is. */
export function useSession() {
  return useQuery({
    queryKey: sessionKey,
    staleTime: 60_000,
    queryFn: async (): Promise<Session | null> => {
      try {
        return await readPublic<Session>(api.session());
      } catch (error) {
        if (error instanceof ApiProblem && error.status === 401) return null;
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

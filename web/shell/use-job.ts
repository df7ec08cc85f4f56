import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useState } from "react";
import { streamEvents } from "./api.ts";
import type { Job } from "./api-types.ts";
import { api } from "./path.ts";

/** Follows one job to its end; `onEnd` is called once. A broken stream is taken up again after two seconds. */
export function useJob(id: string | null, onEnd: (job: Job) => void): Job | null {
  const [job, setJob] = useState<Job | null>(null);
  const queries = useQueryClient();
  const ended = useEffectEvent(onEnd);
  useEffect(() => {
    setJob(null);
    if (id === null) return;
    const control = new AbortController();
    const follow = async (): Promise<void> => {
      while (!control.signal.aborted) {
        try {
          for await (const step of streamEvents<Job>(api.jobEvents(id), control.signal)) {
            setJob(step);
            if (step.state === "done" || step.state === "failed") {
              ended(step);
              return;
            }
          }
        } catch {
          if (control.signal.aborted) return;
        }
        await new Promise((resolve) => setTimeout(resolve, 2_000));
      }
    };
    void queries.invalidateQueries({ queryKey: ["jobs"] });
    void follow();
    return () => control.abort();
  }, [id, queries]);
  return job;
}

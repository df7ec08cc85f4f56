import { upload } from "@probity/web/shell/api.ts";
import { type ApiProblem, asProblem } from "@probity/web/shell/problem.ts";
import { useCallback, useRef, useState } from "react";
import { docsApi } from "./path.ts";
import { offeredOf } from "./use-check.ts";

export interface Upload {
  key: string;
  file: File;
  /** 0–1 while bytes travel. */
  share: number;
  problem: ApiProblem | null;
  /** Why it replaces what a signed report stands on, once that was said. */
  reason?: string;
}

/** Whether a file waits for its reason alone. */
export function asksReason({ problem }: Upload): boolean {
  return problem?.code === "regulatory_docs.reason_missing";
}

/** Files on their way into a collection, two at a time; what was taken leaves the list, what was refused stays with its reason. */
export function useUploads(collectionId: string, onTaken: () => void) {
  const [items, setItems] = useState<Upload[]>([]);
  const [leftOut, setLeftOut] = useState<readonly string[]>([]);
  const queue = useRef<Upload[]>([]);
  const busy = useRef(0);
  const told = useRef<ReturnType<typeof setTimeout>>(undefined);

  const forget = useCallback((key: string) => setItems((old) => old.filter((item) => item.key !== key)), []);
  /** Works the queue off; two of these run at a time. */
  const work = useCallback(async () => {
    busy.current += 1;
    for (let next = queue.current.shift(); next !== undefined; next = queue.current.shift()) {
      const { key, file, reason } = next;
      const patch = (change: Partial<Upload>) =>
        setItems((old) => old.map((item) => (item.key === key ? { ...item, ...change } : item)));
      try {
        await upload(docsApi.upload(collectionId, reason), file, (share) => patch({ share }));
        forget(key);
        clearTimeout(told.current);
        // One reading of the list for a burst of files.
        told.current = setTimeout(onTaken, 600);
      } catch (error) {
        const problem = asProblem(error);
        if (problem.status === 429 && problem.retryAfterSeconds !== null && problem.retryAfterSeconds <= 60) {
          // The instance takes only so many at once; the file keeps its place.
          patch({ share: 0 });
          await new Promise((resolve) => setTimeout(resolve, (problem.retryAfterSeconds ?? 1) * 1_000));
          queue.current.unshift(next);
        } else patch({ problem });
      }
    }
    busy.current -= 1;
  }, [collectionId, forget, onTaken]);

  const begin = useCallback(
    (fresh: readonly Upload[]) => {
      queue.current.push(...fresh);
      for (let free = 2 - busy.current; free > 0; free -= 1) void work();
    },
    [work],
  );
  /** The same file once more, with why it replaces what stands. */
  const giveReason = useCallback(
    (item: Upload, reason: string) => {
      const again = { ...item, share: 0, problem: null, reason };
      setItems((old) => old.map((each) => (each.key === item.key ? again : each)));
      begin([again]);
    },
    [begin],
  );

  const add = useCallback(
    (files: File[]) => {
      // One that was chosen by itself is sent whatever it is: the server says what is wrong with it.
      const sorted = files.length === 1 ? { offered: files, leftOut: [] } : offeredOf(files);
      setLeftOut(sorted.leftOut);
      const fresh = sorted.offered.map((file) => ({ key: crypto.randomUUID(), file, share: 0, problem: null }));
      const names = new Set(fresh.map((item) => item.file.name));
      // A second try with the same name takes the place of the refused first.
      setItems((old) => [...old.filter((item) => item.problem === null || !names.has(item.file.name)), ...fresh]);
      begin(fresh);
    },
    [begin],
  );
  return { items, leftOut, add, forget, giveReason };
}

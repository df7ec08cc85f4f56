import { useCallback, useEffect, useRef, useState } from "react";
import type { VerifyAnswer, VerifyRequest } from "./verify-message.ts";

export type Verification =
  | { readonly kind: "idle" }
  | { readonly kind: "working"; readonly file: File; readonly bytes: number; readonly leaves: number }
  | { readonly kind: "done"; readonly file: File; readonly answer: Exclude<VerifyAnswer, { kind: "progress" }> };

function makeWorker(): Worker {
  return new Worker(new URL("./verify-worker.ts", import.meta.url), { type: "module" });
}

/**
 * Verifies a file in a worker of its own; a second file ends the first. The next worker is made beforehand: whoever goes
 * offline to be sure that nothing is sent has the verifier already.
 */
export function useVerification() {
  const [state, setState] = useState<Verification>({ kind: "idle" });
  const worker = useRef<Worker | null>(null);
  const spare = useRef<Worker | null>(null);
  const stop = useCallback(() => {
    worker.current?.terminate();
    worker.current = null;
  }, []);
  const prepare = useCallback(() => {
    const made = makeWorker();
    spare.current = made;
    made.addEventListener("error", () => {
      if (spare.current === made) spare.current = null;
    });
  }, []);
  useEffect(() => {
    prepare();
    return () => {
      stop();
      spare.current?.terminate();
      spare.current = null;
    };
  }, [prepare, stop]);
  const start = useCallback(
    (request: VerifyRequest) => {
      stop();
      const { file } = request;
      setState({ kind: "working", file, bytes: 0, leaves: 0 });
      const own = spare.current ?? makeWorker();
      spare.current = null;
      worker.current = own;
      own.addEventListener("message", ({ data }: MessageEvent<VerifyAnswer>) => {
        if (data.kind === "progress") setState({ ...data, kind: "working", file });
        else {
          setState({ kind: "done", file, answer: data });
          own.terminate();
          if (spare.current === null) prepare();
        }
      });
      own.addEventListener("error", () =>
        setState({ kind: "done", file, answer: { kind: "failed", text: "The browser ended the verification" } }),
      );
      own.postMessage(request, []);
    },
    [prepare, stop],
  );
  const clear = useCallback(() => {
    stop();
    setState({ kind: "idle" });
  }, [stop]);
  return { state, start, clear };
}

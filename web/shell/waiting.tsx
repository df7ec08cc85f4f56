import { useEffect, useState } from "react";
import { Notice } from "../kit/notice.tsx";

/** A shorter wait is over before it is read. */
const toldMs = 3_000;
let until = 0;
const listeners = new Set<() => void>();

/** A spent budget: what was asked for is asked again by itself after so long. */
export function waitsFor(delayMs: number): void {
  if (delayMs < toldMs) return;
  until = Math.max(until, Date.now() + delayMs);
  for (const listener of listeners) listener();
}

/** Says why a page stands still while a spent budget fills again. */
export function Waiting() {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    // Said once for a wait: a count that runs down would be read aloud every second.
    const look = () => {
      const left = Math.max(0, Math.ceil((until - Date.now()) / 1_000));
      setSeconds((before) => (left === 0 || left > before ? left : before));
    };
    const timer = setInterval(look, 1_000);
    listeners.add(look);
    return () => {
      clearInterval(timer);
      listeners.delete(look);
    };
  }, []);
  if (seconds === 0) return null;
  return (
    <Notice tone="partial">
      Too many calls for now. Nothing was lost; this page asks again by itself after {seconds} s.
    </Notice>
  );
}

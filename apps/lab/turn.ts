import { setImmediate as next } from "node:timers/promises";

/** Time that is taken at a stretch, in milliseconds. */
const stretchMs = 8;

/**
 * Long work of this thread in pieces: called between two of them, it gives others their turn once some milliseconds have
 * passed. Tens of thousands of rows at a stretch keep every other request, and the database's own answers, waiting; where
 * others are at work on the machine that is seconds, and connections are given up meanwhile.
 */
export function inTurns(): () => Promise<void> {
  let begun = performance.now();
  return async () => {
    if (performance.now() - begun < stretchMs) return;
    await next();
    begun = performance.now();
  };
}

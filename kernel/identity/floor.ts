import { setTimeout as pause } from "node:timers/promises";

/**
 * No refusal and no "a mail is on its way" comes sooner, so that the few milliseconds which a known address costs more than
 * an unknown one can't be seen (ASVS 5.0 6.3.8). Long enough for an imported bcrypt hash of cost 12.
 */
export const floorMs = 400;

/** Runs, and answers no sooner than the floor after `started`, whatever came of it. */
export async function noSooner<T>(run: () => Promise<T>, started = performance.now()): Promise<T> {
  try {
    return await run();
  } finally {
    // A timer counts whole milliseconds from when it is set: the last one is waited for until it is over.
    for (;;) {
      const left = floorMs - (performance.now() - started);
      if (left <= 0) break;
      await pause(Math.ceil(left));
    }
  }
}

import { setTimeout as pause } from "node:timers/promises";

const stepMs = 250;

/**
 * Reads again until a signed checkpoint covers what was just recorded, or the time is over: about a second after the act. Each
 * reading is a short transaction of its own; nothing is held meanwhile.
 */
export async function untilCovered<T>(read: () => Promise<T | undefined>, seconds: number): Promise<T | undefined> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await read();
    if (found !== undefined || Date.now() >= end) return found;
    await pause(Math.min(stepMs, Math.max(0, end - Date.now())));
  }
}

/**
 * What an app's server makes by itself again and again, without anybody asking. Several servers may make a round at once and
 * any of them may be killed in it: what it writes must be there once by a key of its own, and a round looks at what is
 * missing, never at when it ran last.
 */
export type Round = {
  readonly name: string;
  readonly everyMs: number;
  /** Gives how much it did. */
  readonly run: () => Promise<number>;
};

/** Makes each round at once and then by its own time, never two of one at a time; stops when those under way are done. */
export function startAppRounds(
  rounds: readonly Round[],
  onProblem: (error: unknown, name: string) => void,
): { stop(): Promise<void> } {
  const running = new Map<string, Promise<unknown>>();
  const take = ({ name, run }: Round) => {
    if (running.has(name)) return;
    const made = run()
      .catch((error: unknown) => onProblem(error, name))
      .finally(() => running.delete(name));
    running.set(name, made);
  };
  const timers = rounds.map((round) => setInterval(() => take(round), round.everyMs));
  for (const round of rounds) take(round);
  return {
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      await Promise.all(running.values());
    },
  };
}

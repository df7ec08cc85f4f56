export type ControlStatus = "active" | "degraded" | "stale" | "off" | "planned";

/** What is known of one probe: its newest result, or nothing. */
export type KnownResult = { readonly probe: string; readonly outcome: string; readonly at: Date };

const minute = 60_000;
/** Clocks of servers and database may differ by this much; a result from further ahead is not believed. */
const skewMilliseconds = 5 * minute;

/**
 * The status of a control, from nothing but what its probes found and when. The order is the meaning: a control that was
 * never built is planned; one switched off is off, whatever it once showed; one thing broken degrades it until a newer
 * result holds, for a fault does not heal by ageing; a probe without a fresh result makes it stale. Only all held and
 * all fresh is active: unknown never is.
 */
export function statusOf(known: {
  /** Ids of the probes the control must pass; undefined or none: no control is built. */
  readonly probes: readonly string[] | undefined;
  readonly results: readonly KnownResult[];
  readonly maxAgeMinutes: number;
  readonly off: string | undefined;
  readonly now: Date;
}): { readonly status: ControlStatus; readonly reason: string } {
  const { probes, maxAgeMinutes, off, now } = known;
  if (probes === undefined || probes.length === 0)
    return { status: "planned", reason: "No control is built for this yet." };
  if (off !== undefined) return { status: "off", reason: off };
  const newest = probes.map((probe) => ({ probe, result: newestOf(probe, known.results) }));
  const broken = newest
    .filter(({ result }) => result !== undefined && result.outcome !== "held")
    .map(({ probe }) => probe);
  if (broken.length > 0) return { status: "degraded", reason: `Broken: ${broken.join(", ")}.` };
  const missing = newest.filter(({ result }) => result === undefined).map(({ probe }) => probe);
  if (missing.length > 0) return { status: "stale", reason: `Not probed yet: ${missing.join(", ")}.` };
  const old = newest
    .filter(({ result }) => result === undefined || !isFresh(result.at, now, maxAgeMinutes))
    .map(({ probe }) => probe);
  if (old.length > 0) {
    return { status: "stale", reason: `No result of the last ${maxAgeMinutes} minutes: ${old.join(", ")}.` };
  }
  return { status: "active", reason: "" };
}

function newestOf(probe: string, results: readonly KnownResult[]): KnownResult | undefined {
  return results
    .filter((result) => result.probe === probe)
    .reduce<KnownResult | undefined>(
      (best, each) => (best === undefined || each.at > best.at ? each : best),
      undefined,
    );
}

/** A time that can't be read is no time: comparisons with NaN are false, so it is never fresh. */
function isFresh(at: Date, now: Date, maxAgeMinutes: number): boolean {
  const ageMilliseconds = now.getTime() - at.getTime();
  return ageMilliseconds <= maxAgeMinutes * minute && ageMilliseconds >= -skewMilliseconds;
}

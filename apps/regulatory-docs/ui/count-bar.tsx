import type { Counts } from "./types.ts";
import css from "./count-bar.module.css";

const parts = [
  ["covered", "covered", "●"],
  ["partial", "partial", "◐"],
  ["gap", "gap", "▲"],
  ["notAssessable", "none", "○"],
] as const;

/** Four counts as one bar with its numbers, in the ledger's order. */
export function CountBar({ counts }: { counts: Counts }) {
  const total = Math.max(1, counts.covered + counts.partial + counts.gap + counts.notAssessable);
  return (
    <span className={css.box}>
      <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
        {parts.map(([key, tone], index) => {
          const before = parts.slice(0, index).reduce((sum, [earlier]) => sum + counts[earlier], 0);
          const width = Math.max(0, (100 * counts[key]) / total - 0.5);
          return (
            <rect key={key} x={(100 * before) / total} width={width} height="8" style={{ fill: `var(--p-${tone})` }} />
          );
        })}
      </svg>
      <span className={css.words}>
        {parts.map(([key, tone, shape]) => (
          <span key={key} style={{ color: `var(--p-${tone})` }}>
            <span aria-hidden="true">{shape}</span> {counts[key]}
            <span className="p-hidden"> {key === "notAssessable" ? "not assessable" : key}</span>
          </span>
        ))}
      </span>
    </span>
  );
}

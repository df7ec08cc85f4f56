import type { SeenLeaf, Verdict } from "@probity/verify";
import css from "./verify.module.css";

const width = 1000;

/** The log as one line: what the file covers of it, what was lost, and where something was found. */
export function LogRuler({ verdict, leaves }: { verdict: Verdict; leaves: readonly SeenLeaf[] }) {
  const { range, checkpoint, restores, findings, counts, filtered } = verdict;
  if (range === null || checkpoint === null || checkpoint.size === 0) return null;
  const most = Math.max(checkpoint.size, range.to, ...restores.map(({ to }) => to));
  const at = (index: number) => (index / most) * width;
  // A single leaf of millions is still seen.
  const span = (from: number, to: number) => Math.max(3, at(to) - at(from));
  const good = counts.verified > 0 && !findings.some(({ sort }) => sort === "fault");
  const size = checkpoint.size.toLocaleString("en");
  const words = filtered
    ? `The file shows ${counts.leaves.toLocaleString("en")} chosen leaves of ${size}; what lies between is not in it.`
    : `The file covers leaves ${range.from.toLocaleString("en")} to ${range.to.toLocaleString("en")} of ${size}.`;
  return (
    <figure className={css.ruler}>
      <svg viewBox={`0 0 ${width} 34`} preserveAspectRatio="none" role="img" aria-label={words}>
        <rect className={css.track} x="0" y="12" width={width} height="10" />
        {filtered ? (
          // A selection is a tick for each leaf: a bar would claim what lies between.
          leaves.map(({ index }) => (
            <rect
              key={index}
              className={good ? css.covered : css.read}
              x={Math.min(at(index), width - 3)}
              y="6"
              width="3"
              height="22"
            />
          ))
        ) : (
          <rect
            className={good ? css.covered : css.read}
            x={at(range.from)}
            y="8"
            width={span(range.from, range.to)}
            height="18"
          />
        )}
        {restores.map(({ from, to, index }) => (
          <rect key={index} className={css.lost} x={at(from)} y="28" width={span(from, to)} height="4" />
        ))}
        {findings.map(({ sort, index }, place) =>
          index === undefined || sort === "remark" ? null : (
            <rect
              key={place}
              className={sort === "gap" ? css.gapTick : css.faultTick}
              x={at(index)}
              y="0"
              width="3"
              height="34"
            />
          ),
        )}
      </svg>
      <figcaption>
        <span>leaf 0</span>
        <span>{words}</span>
        <span>{most.toLocaleString("en")}</span>
      </figcaption>
    </figure>
  );
}

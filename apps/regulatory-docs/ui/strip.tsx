import { standing, statusLook } from "./finding-status.ts";
import { coarse, count, meanCoverage } from "./matrix-model.ts";
import type { Finding } from "./types.ts";
import css from "./strip.module.css";

const base = 30;

/** One requirement: rises with coverage, drops below the line when it is a gap, lies flat when unassessable. */
function Tick({ finding, at, selected }: { finding: Finding; at: number; selected: boolean }) {
  const status = standing(finding);
  const fill = `var(--p-${statusLook[status].tone})`;
  const height = status === "covered" ? 24 : Math.max(4, 24 * finding.coverage);
  return (
    <>
      {selected && <rect x={at} y="0" width="1" height="44" style={{ fill: "var(--p-quote)" }} />}
      {status === "gap" ? (
        <rect x={at + 0.15} y={base + 1} width="0.7" height="12" style={{ fill }} />
      ) : status === "not-assessable" ? (
        <rect x={at + 0.15} y={base - 2} width="0.7" height="2" style={{ fill }} />
      ) : (
        <rect x={at + 0.15} y={base - height} width="0.7" height={height} style={{ fill }} />
      )}
      {finding.decision !== null && (
        <rect x={at + 0.15} y="0" width="0.7" height="2.5" style={{ fill: "var(--p-ink)" }} />
      )}
    </>
  );
}

/** Gap, partial and covered colours, mixed by the mean; grey where nothing can be assessed. */
function heat(mean: number | null): string {
  if (mean === null) return "var(--p-none-tint)";
  const [from, to] = mean < 0.5 ? ["gap", "partial"] : ["partial", "covered"];
  const share = Math.round((mean < 0.5 ? mean : mean - 0.5) * 200);
  return `color-mix(in oklab, var(--p-${to}) ${share}%, var(--p-${from}))`;
}

/** The leading number of a chapter, or its first word. */
function shortName(group: string): string {
  return /^[\d.§()a-z]*\d[\w.()]*/i.exec(group)?.[0] ?? group.split(" ")[0] ?? group;
}

/**
 * The whole result in one line: a tick a requirement, gathered by chapter, with each chapter's mean coverage
 * as heat beneath. A click jumps. The matrix below carries the same for keyboard and screen reader.
 */
export function Strip(props: { findings: Finding[]; selected: string | undefined; onPick: (id: string) => void }) {
  const totals = count(props.findings);
  const label = `${totals.covered} covered, ${totals.partial} partial, ${totals.gap} gaps, ${totals.notAssessable} not assessable`;
  return (
    <div className={css.strip} role="img" aria-label={`Requirements by chapter: ${label}`}>
      {coarse(props.findings).map((chapter) => {
        const width = chapter.findings.length;
        const mean = meanCoverage(chapter.findings);
        const words = mean === null ? "not assessable" : `mean coverage ${mean.toFixed(2)}`;
        return (
          <div
            key={chapter.name}
            className={css.chapter}
            style={{ flexGrow: width }}
            title={`Chapter ${chapter.name}, ${words}`}
          >
            <svg
              viewBox={`0 0 ${width} 52`}
              preserveAspectRatio="none"
              onClick={(event) => {
                const box = event.currentTarget.getBoundingClientRect();
                const at = Math.floor(((event.clientX - box.left) / box.width) * width);
                const finding = chapter.findings[Math.min(width - 1, Math.max(0, at))];
                if (finding !== undefined) props.onPick(finding.requirementId);
              }}
            >
              {chapter.findings.map((finding, at) => (
                <Tick
                  key={finding.requirementId}
                  finding={finding}
                  at={at}
                  selected={finding.requirementId === props.selected}
                />
              ))}
              <rect x="0" y={base} width={width} height="0.8" style={{ fill: "var(--p-edge)" }} />
              <rect x="0" y="46" width={width} height="6" style={{ fill: heat(mean) }} />
            </svg>
            <span className={css.name}>
              {shortName(chapter.name)}
              {mean !== null && <b>{mean >= 1 ? "1.0" : mean.toFixed(2).replace(/^0/, "")}</b>}
            </span>
          </div>
        );
      })}
    </div>
  );
}

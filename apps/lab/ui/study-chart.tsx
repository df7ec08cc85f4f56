import page from "@probity/web/shell/page.module.css";
import { type Ref, type SVGProps, useId } from "react";
import css from "./stability.module.css";
import type { Evaluation } from "./stability-types.ts";

const [width, height] = [640, 340];
const edge = { left: 46, right: 12, top: 26, bottom: 42 };
/** The bound is dotted with round dots, the limit thick, the shelf life dashed: nothing hangs on colour. */
const dotted = { strokeWidth: 2, strokeDasharray: "0 4.5", strokeLinecap: "round" } as const;
/** Batches are told by the shape of their marks and the dash of their lines, colour only helps. */
const dashes = ["", "6 3", "12 3 2 3", "16 4", "8 3 2 3 2 3", "3 2"];

/** Values over time, the line of the mean, its confidence bound, the limit, and where the data end. */
export function StudyChart({ evaluation, drawing }: { evaluation: Evaluation; drawing: Ref<SVGSVGElement> }) {
  const clip = useId();
  const { attribute, inputs, result, extrapolation, condition } = evaluation.content;
  const limits = [attribute.lower, attribute.upper].flatMap((each) => (each === null ? [] : [Number(each)]));
  const values = inputs.map(({ value }) => Number(value));
  if (values.length === 0)
    return <p className={page.muted}>No verified number of this attribute yet: nothing to draw.</p>;
  const bounds = evaluation.curves.flatMap(({ points }) => points.flatMap(({ lower, upper }) => [lower, upper]));
  const near = limits.filter(
    (limit) => Math.abs(limit - mean(values)) < 6 * Math.max(spread(values), Math.abs(mean(values)) * 0.02),
  );
  const [low, high] = padded([...values, ...bounds, ...(near.length > 0 ? near : limits.slice(0, 1))]);
  const until = evaluation.until;
  const x = (months: number) => edge.left + (months / until) * (width - edge.left - edge.right);
  const y = (value: number) => edge.top + ((high - value) / (high - low)) * (height - edge.top - edge.bottom);
  const lots = [...new Set(inputs.map(({ batch }) => batch))];
  const pooled = result?.model === "pooled";
  const curves = pooled ? evaluation.curves.slice(0, 1) : evaluation.curves;
  // Of batches with lines of their own, the bound of the one that decides: more would hide it.
  const deciding = pooled ? curves[0]?.batch : result?.crossing.batch;
  const path = (points: { x: number; y: number }[]) =>
    points.map((point, at) => `${at === 0 ? "M" : "L"}${x(point.x).toFixed(1)} ${y(point.y).toFixed(1)}`).join("");
  const life = result?.months ?? null;
  const claims = condition.kind === "long-term" && evaluation.refused.length === 0 && life !== null;
  return (
    <figure>
      <div className={css.wide} role="region" aria-label="Results over time" tabIndex={0}>
        <svg
          ref={drawing}
          className={css.chart}
          viewBox={`0 0 ${width} ${height}`}
          role="img"
          aria-label={`${attribute.name}${attribute.unit === "" ? "" : ` in ${attribute.unit}`} over months at ${condition.title}, ${lots.length} batches. ${result === null ? "" : result.said}`}
        >
          <clipPath id={clip}>
            <rect
              x={edge.left - 6}
              y={edge.top}
              width={width - edge.left - edge.right + 6}
              height={height - edge.top - edge.bottom}
            />
          </clipPath>
          {x(extrapolation.covered) < width - edge.right && (
            <rect
              x={x(extrapolation.covered)}
              y={edge.top}
              width={width - edge.right - x(extrapolation.covered)}
              height={height - edge.top - edge.bottom}
              fill="var(--p-sunken)"
            />
          )}
          {ticks(low, high, 5).map((tick) => (
            <g key={tick}>
              <line x1={edge.left} x2={width - edge.right} y1={y(tick)} y2={y(tick)} stroke="var(--p-line)" />
              <text x={edge.left - 6} y={y(tick) + 4} textAnchor="end">
                {round(tick)}
              </text>
            </g>
          ))}
          <text x={2} y={14}>
            {[attribute.name, attribute.unit].filter((each) => each !== "").join(", ")}
          </text>
          {monthTicks(until).map((tick) => (
            <text key={tick} x={x(tick)} y={height - edge.bottom + 16} textAnchor="middle">
              {tick}
            </text>
          ))}
          <text x={width - edge.right} y={height - 8} textAnchor="end">
            months since the start
          </text>
          <g clipPath={`url(#${clip})`}>
            {limits.map((limit) => (
              <line
                key={limit}
                x1={edge.left}
                x2={width}
                y1={y(limit)}
                y2={y(limit)}
                stroke="var(--p-gap)"
                strokeWidth="2.5"
              />
            ))}
            {curves.map((curve, at) => (
              <g key={curve.batch} fill="none" strokeDasharray={dashes[at] ?? ""}>
                <path
                  d={path(curve.points.map((point) => ({ x: point.x, y: point.mean })))}
                  stroke="var(--p-ink)"
                  strokeWidth="1.25"
                />
                {attribute.lower !== null && curve.batch === deciding && (
                  <path
                    d={path(curve.points.map((point) => ({ x: point.x, y: point.lower })))}
                    stroke="var(--p-accent)"
                    {...dotted}
                  />
                )}
                {attribute.upper !== null && curve.batch === deciding && (
                  <path
                    d={path(curve.points.map((point) => ({ x: point.x, y: point.upper })))}
                    stroke="var(--p-accent)"
                    {...dotted}
                  />
                )}
              </g>
            ))}
            {claims && (
              <line
                x1={x(life)}
                x2={x(life)}
                y1={edge.top}
                y2={height - edge.bottom}
                stroke="var(--p-sealed)"
                strokeWidth="1.5"
                strokeDasharray="3 3"
              />
            )}
            {inputs.map((input) => (
              <Mark
                key={input.resultId}
                at={lots.indexOf(input.batch)}
                x={x(input.months)}
                y={y(Number(input.value))}
              />
            ))}
          </g>
          {limits
            .filter((limit) => limit > low && limit < high)
            .map((limit) => (
              <text key={limit} x={width - edge.right - 4} y={y(limit) - 5} textAnchor="end">
                {`limit ${round(limit)}`}
              </text>
            ))}
          {claims && (
            <text x={x(life) - 5} y={edge.top + 12} textAnchor="end">
              {`${life} months`}
            </text>
          )}
          {x(extrapolation.covered) < width - 90 && (
            <text x={x(extrapolation.covered) + 5} y={height - edge.bottom - 6}>
              beyond the data
            </text>
          )}
        </svg>
      </div>
      <figcaption className={css.legend}>
        {lots.map((lot, at) => (
          <span key={lot}>
            <svg width="12" height="12" aria-hidden="true">
              <Mark at={at} x={6} y={6} />
            </svg>
            <span className={page.mono}>{lot}</span>
          </span>
        ))}
        {curves.length > 0 && (
          <>
            <Line
              words={pooled ? "mean of all batches as one" : "mean, a dash for each batch"}
              look={{ stroke: "var(--p-ink)" }}
            />
            <Line
              words={`${((result?.confidence ?? 0.95) * 100).toFixed(0)} % bound${pooled ? "" : ` of ${deciding ?? ""}, which decides`}`}
              look={{ stroke: "var(--p-accent)", ...dotted }}
            />
          </>
        )}
        {limits.length > 0 && <Line words="limit" look={{ stroke: "var(--p-gap)", strokeWidth: 2.5 }} />}
        {claims && (
          <Line words="shelf life" look={{ stroke: "var(--p-sealed)", strokeWidth: 1.5, strokeDasharray: "3 3" }} />
        )}
      </figcaption>
    </figure>
  );
}

function Line({ words, look }: { words: string; look: SVGProps<SVGLineElement> }) {
  return (
    <span>
      <svg width="24" height="12" aria-hidden="true">
        <line x1="2" x2="23" y1="6" y2="6" {...look} />
      </svg>
      {words}
    </span>
  );
}

function Mark({ at, x, y }: { at: number; x: number; y: number }) {
  const shared = { fill: at % 2 === 0 ? "var(--p-ink)" : "var(--p-raised)", stroke: "var(--p-ink)", strokeWidth: 1.25 };
  const kind = at % 3;
  if (kind === 0) return <circle cx={x} cy={y} r="3.5" {...shared} />;
  if (kind === 1) return <rect x={x - 3.2} y={y - 3.2} width="6.4" height="6.4" {...shared} />;
  return <path d={`M${x} ${y - 4.2}L${x + 4} ${y + 3}H${x - 4}z`} {...shared} />;
}

const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length;
const spread = (values: readonly number[]) => Math.max(...values) - Math.min(...values);
const round = (value: number) => Number(value.toPrecision(5)).toString();
function padded(values: readonly number[]): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const pad = (high - low || Math.abs(high) || 1) * 0.08;
  return [low - pad, high + pad];
}
function monthTicks(until: number): number[] {
  const step = [1, 2, 3, 6, 12].find((each) => until / each <= 11) ?? 24;
  return Array.from({ length: Math.floor(until / step) + 1 }, (_, at) => at * step);
}
function ticks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 3, 5, 6, 10].find((each) => each * power >= rough) ?? 10) * power;
  const found: number[] = [];
  for (let at = Math.ceil(low / step) * step; at <= high; at += step) found.push(Number(at.toPrecision(10)));
  return found;
}

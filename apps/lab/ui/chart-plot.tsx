import { toneColour } from "@probity/web/kit/status.ts";
import { showDay, showTime } from "@probity/web/kit/time.ts";
import { type KeyboardEvent, type Ref, useEffect, useRef, useState } from "react";
import css from "./chart.module.css";
import { outcomeLook, shortNumber, type ChartLimits, type ChartPoint } from "./chart-types.ts";

const height = 340;
const edge = { top: 26, right: 86, bottom: 34, left: 12 };

/**
 * Levey-Jennings: one mark a run in their order, between the lines that were frozen when it was judged. Shapes and the rule's
 * name tell a mark, colour repeats it. The arrow keys walk the marks; each says itself.
 */
export function ChartPlot({
  points,
  limits,
  unit,
  label,
  chosen,
  onChoose,
  drawing,
}: {
  points: readonly ChartPoint[];
  limits: readonly ChartLimits[];
  unit: string;
  label: string;
  chosen: string | null;
  onChoose: (resultId: string) => void;
  drawing: Ref<SVGSVGElement>;
}) {
  const [box, width] = useWidth();
  const byId = new Map(limits.map((limit) => [limit.id, limit]));
  const limitOf = (point: ChartPoint) => byId.get(point.limitId ?? "");
  const inForce = limits.find((limit) => limit.state === "frozen");
  // Where limits stand: each stretch of runs that one version judged, and what is in force after the last.
  const bands = stretches(points, limitOf);
  if (inForce !== undefined && bands.at(-1)?.limit.id !== inForce.id && points.length === 0)
    bands.push({ limit: inForce, from: 0, to: 0 });
  const values = points.flatMap(({ value }) => value ?? []);
  const ends = [
    ...values,
    ...bands.flatMap(({ limit }) =>
      limit.upper === null
        ? [Number(limit.mean) - 3.6 * Number(limit.deviation), Number(limit.mean) + 3.6 * Number(limit.deviation)]
        : [0, Number(limit.upper) * 1.25],
    ),
  ];
  const [low, high] = ends.length === 0 ? [0, 1] : [Math.min(...ends), Math.max(...ends)];
  const pad = (high - low || 1) * 0.04;
  const y = (value: number) =>
    edge.top + ((high + pad - value) / (high - low + 2 * pad)) * (height - edge.top - edge.bottom);
  // The last mark and its ring stay clear of the names of the lines.
  const inner = width - edge.left - edge.right - 14;
  const step = points.length < 2 ? 0 : inner / (points.length - 1);
  const x = (index: number) => edge.left + (points.length < 2 ? inner / 2 : step * index);
  const current = Math.max(
    points.findIndex((point) => point.resultId === chosen),
    0,
  );
  const move = (event: KeyboardEvent) => {
    const to = { ArrowRight: current + 1, ArrowLeft: current - 1, Home: 0, End: points.length - 1 }[event.key];
    const next = to === undefined ? undefined : points[to];
    if (next === undefined) return;
    event.preventDefault();
    onChoose(next.resultId);
    const marks = event.currentTarget.querySelectorAll<SVGGElement>("[data-mark]");
    marks[to ?? 0]?.focus();
  };
  const labels = Math.max(1, Math.ceil(points.length / Math.max(2, Math.floor(inner / 110))));
  const named = namedMarks(points, step);
  return (
    <div ref={box} className={css.plot}>
      <svg
        ref={drawing}
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="group"
        aria-label={`${label}, ${unit === "" ? "" : `in ${unit}, `}${points.length} runs. Arrow keys go from run to run.`}
        onKeyDown={move}
      >
        {unit !== "" && (
          <text className={css.axis} x={width - edge.right + 6} y={edge.top - 12}>
            {unit}
          </text>
        )}
        {bands.map(({ limit, from, to }) => (
          <Band
            key={`${limit.id} ${from}`}
            limit={limit}
            y={y}
            from={from === 0 ? edge.left : x(from) - step / 2}
            to={to >= points.length - 1 ? width - edge.right : x(to) + step / 2}
            last={to >= points.length - 1}
          />
        ))}
        <polyline
          className={css.way}
          points={points
            .flatMap(({ value }, index) => (value === null ? [] : [`${x(index).toFixed(1)},${y(value).toFixed(1)}`]))
            .join(" ")}
        />
        {points.map((point, index) => {
          const at = point.value === null ? height - edge.bottom : y(point.value);
          const rule = point.violations.find(({ effect }) => effect === "reject") ?? point.violations[0];
          return (
            <g
              key={point.resultId}
              data-mark=""
              role="button"
              tabIndex={index === current ? 0 : -1}
              aria-pressed={point.resultId === chosen}
              aria-label={sayPoint(point, unit)}
              className={css.mark}
              transform={`translate(${x(index).toFixed(1)} ${at.toFixed(1)})`}
              onClick={() => onChoose(point.resultId)}
              onFocus={() => onChoose(point.resultId)}
            >
              <rect x={-Math.max(step / 2, 4)} y="-12" width={Math.max(step, 8)} height="24" fill="transparent" />
              {point.resultId === chosen && <circle r="11" className={css.chosen} />}
              {point.earlier.length > 0 && <circle r="8" className={css.corrected} />}
              <Shape point={point} />
              {rule !== undefined && named.has(index) && (
                <text
                  className={css.rule}
                  // Beneath its point where it would lie on the words at the top.
                  y={(point.z !== null && point.z < 0) || at < edge.top + 16 ? 22 : -13}
                  textAnchor="middle"
                >
                  {rule.rule}
                </text>
              )}
            </g>
          );
        })}
        {points.map(
          (point, index) =>
            index % labels === 0 && (
              <text
                key={point.resultId}
                className={css.axis}
                x={x(index)}
                y={height - 10}
                textAnchor={index === 0 ? "start" : "middle"}
              >
                {showDay(point.at).replace(/ \d{4}$/, "")}
              </text>
            ),
        )}
      </svg>
    </div>
  );
}

/** In: disc; warning: diamond; refused: triangle; not judged: ring. */
function Shape({ point }: { point: ChartPoint }) {
  const { ink } = toneColour(outcomeLook[point.outcome].tone);
  const own = point.violations.length > 0 || point.outcome === "unclear";
  // A run may be refused for another level: this control itself was in.
  if (!own) return <circle r="4" style={{ fill: toneColour("covered").ink }} />;
  if (point.outcome === "refused") return <path d="M0 -7 7 5.5H-7z" style={{ fill: ink }} />;
  if (point.outcome === "warned") return <path d="M0 -6.5 6.5 0 0 6.5 -6.5 0z" style={{ fill: ink }} />;
  return <circle r="4.5" style={{ fill: "var(--p-raised)", stroke: ink, strokeWidth: 1.5 }} />;
}

function Band(props: { limit: ChartLimits; y: (value: number) => number; from: number; to: number; last: boolean }) {
  const { limit, y, from, to } = props;
  const line = (value: number, name: string, kind: string) => (
    <g key={name}>
      <line x1={from} x2={to} y1={y(value)} y2={y(value)} className={css[kind]} />
      {props.last && (
        <text className={css.axis} x={to + 6} y={y(value) + 4}>
          {name} <tspan className={css.number}>{shortNumber(value)}</tspan>
        </text>
      )}
    </g>
  );
  if (limit.upper !== null) return line(Number(limit.upper), "≤", "third");
  const [mean, s] = [Number(limit.mean), Number(limit.deviation)];
  return (
    <g>
      <rect
        x={from}
        width={Math.max(to - from, 0)}
        y={y(mean + 2 * s)}
        height={y(mean - 2 * s) - y(mean + 2 * s)}
        className={css.inner}
      />
      {line(mean + 3 * s, "+3s", "third")}
      {line(mean + 2 * s, "+2s", "second")}
      {line(mean, "mean", "mean")}
      {line(mean - 2 * s, "−2s", "second")}
      {line(mean - 3 * s, "−3s", "third")}
      {from > edge.left && <line x1={from} x2={from} y1={edge.top - 8} y2={height - edge.bottom} className={css.new} />}
      <text className={css.axis} x={from + 4} y={edge.top - 12}>
        {/* A short stretch has room for the version alone; the table of limits says the day. */}
        {`v${limit.number}${limit.decidedAt === null || to - from < 150 ? "" : `, frozen ${showDay(limit.decidedAt)}`}`}
      </text>
    </g>
  );
}

/** A point in one sentence, for whoever hears the chart. */
function sayPoint(point: ChartPoint, unit: string): string {
  const z = point.z === null ? "" : `, ${point.z < 0 ? "minus " : ""}${Math.abs(point.z).toFixed(1)} s`;
  const rules = point.violations.map(({ rule }) => rule).join(" and ");
  return `${point.worksheet}, ${showTime(point.at)}: ${point.text} ${unit}${z}, ${outcomeLook[point.outcome].word}${rules === "" ? "" : ` by ${rules}`}`;
}

type Stretch = { limit: ChartLimits; from: number; to: number };
function stretches(points: readonly ChartPoint[], limitOf: (point: ChartPoint) => ChartLimits | undefined): Stretch[] {
  const found: Stretch[] = [];
  for (const [index, point] of points.entries()) {
    const limit = limitOf(point);
    const last = found.at(-1);
    if (limit === undefined) continue;
    if (last?.limit.id === limit.id) last.to = index;
    else found.push({ limit, from: index, to: index });
  }
  return found;
}

/** Which marks have room for the rule's name: none over its neighbour's. */
function namedMarks(points: readonly ChartPoint[], step: number): Set<number> {
  const named = new Set<number>();
  let last = -Infinity;
  for (const [index, { violations }] of points.entries()) {
    if (violations.length === 0 || (index - last) * step < 30) continue;
    named.add(index);
    last = index;
  }
  return named;
}

/** The width a drawing has, and where it is measured. */
export function useWidth(): [Ref<HTMLDivElement>, number] {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(640);
  useEffect(() => {
    const { current } = box;
    if (current === null) return undefined;
    const watch = new ResizeObserver(([entry]) => setWidth(Math.max(Math.floor(entry?.contentRect.width ?? 640), 280)));
    watch.observe(current);
    return () => watch.disconnect();
  }, []);
  return [box, width];
}

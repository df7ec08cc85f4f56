import { toneColour } from "@probity/web/kit/status.ts";
import { showDay, showTime } from "@probity/web/kit/time.ts";
import type { KeyboardEvent, Ref } from "react";
import { useWidth } from "./chart-plot.tsx";
import css from "./chart.module.css";
import { shortNumber } from "./chart-types.ts";
import { hintWords, type Trend, type TrendPoint } from "./trend-types.ts";

const height = 320;
const edge = { top: 18, right: 86, bottom: 32, left: 12 };

/** Values over time against their limits. A value that is only bounded is an open triangle that points where it lies. */
export function TrendPlot({
  trend,
  chosen,
  onChoose,
  drawing,
}: {
  trend: Trend;
  chosen: string | null;
  onChoose: (id: string) => void;
  drawing: Ref<SVGSVGElement>;
}) {
  const [box, width] = useWidth();
  const { points, limits, capability } = trend;
  const ends = [
    ...points.map(({ value }) => value),
    ...[limits.low, limits.high].flatMap((each) => (each === null ? [] : [Number(each)])),
  ];
  const far = limitIsFar(points, limits.high);
  const used = far ? points.map(({ value }) => value) : ends;
  const [low, high] = used.length === 0 ? [0, 1] : [Math.min(...used), Math.max(...used)];
  const pad = (high - low || 1) * 0.07;
  const y = (value: number) =>
    edge.top + ((high + pad - value) / (high - low + 2 * pad)) * (height - edge.top - edge.bottom);
  const times = points.map(({ instant }) => Date.parse(instant));
  const [first, last] = [times[0] ?? 0, times.at(-1) ?? 1];
  const right = width - edge.right;
  const x = (time: number) =>
    first === last
      ? (edge.left + right) / 2
      : edge.left + 8 + ((time - first) / (last - first)) * (right - edge.left - 16);
  const current = Math.max(
    points.findIndex(({ id }) => id === chosen),
    0,
  );
  const move = (event: KeyboardEvent) => {
    const to = { ArrowRight: current + 1, ArrowLeft: current - 1, Home: 0, End: points.length - 1 }[event.key];
    const next = to === undefined ? undefined : points[to];
    if (next === undefined) return;
    event.preventDefault();
    onChoose(next.id);
    event.currentTarget.querySelectorAll<SVGGElement>("[data-mark]")[to ?? 0]?.focus();
  };
  const ticks = Math.max(2, Math.min(6, Math.floor(width / 150)));
  const line = (value: number, name: string, kind: string) => (
    <g key={name}>
      <line x1={edge.left} x2={right} y1={y(value)} y2={y(value)} className={css[kind]} />
      <text className={css.axis} x={right + 6} y={y(value) + 4}>
        {name} <tspan className={css.number}>{shortNumber(value)}</tspan>
      </text>
    </g>
  );
  return (
    <div ref={box} className={css.plot}>
      <svg
        ref={drawing}
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="group"
        aria-label={`${trend.name} of ${trend.product} over time${trend.unit === "" ? "" : ` in ${trend.unit}`}, ${points.length} values. Arrow keys go from value to value.`}
        onKeyDown={move}
      >
        {trend.unit !== "" && (
          <text className={css.axis} x={right + 6} y={edge.top - 6}>
            {trend.unit}
          </text>
        )}
        {limits.high !== null && !far && line(Number(limits.high), "high", "third")}
        {limits.low !== null && line(Number(limits.low), "low", "third")}
        {capability.mean !== null && line(capability.mean, "mean", "mean")}
        {far && limits.high !== null && (
          <text className={css.axis} x={edge.left + 4} y={edge.top - 4}>
            {`limit ${limits.high} lies above this drawing`}
          </text>
        )}
        <polyline
          className={css.way}
          points={points
            .filter(({ counted }) => counted)
            .map(({ value, instant }) => `${x(Date.parse(instant)).toFixed(1)},${y(value).toFixed(1)}`)
            .join(" ")}
        />
        {points.map((point, index) => (
          <g
            key={point.id}
            data-mark=""
            role="button"
            tabIndex={index === current ? 0 : -1}
            aria-pressed={point.id === chosen}
            aria-label={sayValue(point, trend.unit)}
            className={css.mark}
            transform={`translate(${x(Date.parse(point.instant)).toFixed(1)} ${y(point.value).toFixed(1)})`}
            onClick={() => onChoose(point.id)}
            onFocus={() => onChoose(point.id)}
          >
            <rect x="-6" y="-10" width="12" height="20" fill="transparent" />
            {point.id === chosen && <circle r="10" className={css.chosen} />}
            <Mark point={point} />
          </g>
        ))}
        {Array.from({ length: ticks }, (_, index) => {
          const time = first + ((last - first) * index) / (ticks - 1);
          return (
            <text
              key={time}
              className={css.axis}
              x={x(time)}
              y={height - 9}
              textAnchor={index === 0 ? "start" : index === ticks - 1 ? "end" : "middle"}
            >
              {showDay(new Date(time).toISOString()).replace(/ \d{4}$/, "")}
            </text>
          );
        })}
      </svg>
    </div>
  );
}

/** Out: triangle up; a hint: diamond; only bounded: open triangle; retested: struck ring. */
function Mark({ point }: { point: TrendPoint }) {
  const [gap, partial, covered] = [toneColour("gap").ink, toneColour("partial").ink, toneColour("covered").ink];
  const open = { fill: "var(--p-raised)", stroke: "var(--p-muted)", strokeWidth: 1.5 };
  if (!point.counted)
    return (
      <g style={open}>
        <circle r="4.5" />
        <path d="M-6 6 6 -6" />
      </g>
    );
  if (point.verdict === "out") return <path d="M0 -7 7 5.5H-7z" style={{ fill: gap }} />;
  if (point.censored === "below") return <path d="M-4.5 -3.5H4.5L0 4.5z" style={open} />;
  if (point.censored === "above") return <path d="M-4.5 3.5H4.5L0 -4.5z" style={open} />;
  if (point.hints.length > 0) return <path d="M0 -6.5 6.5 0 0 6.5 -6.5 0z" style={{ fill: partial }} />;
  return <circle r="3.5" style={{ fill: covered }} />;
}

/** A value in one sentence, for whoever hears the chart. */
function sayValue(point: TrendPoint, unit: string): string {
  const hints = point.hints.map((hint) => hintWords[hint]).join(" and ");
  const bounded = point.censored === "below" ? ", below quantification" : point.censored === "above" ? ", above" : "";
  return `${point.sample}, ${showTime(point.instant)}: ${point.text} ${unit}${bounded}${point.verdict === "out" ? ", out of specification" : ""}${hints === "" ? "" : `, ${hints}`}${point.counted ? "" : ", retested"}`;
}

/** A limit far above everything would press the values into a line. */
function limitIsFar(points: readonly TrendPoint[], high: string | null): boolean {
  if (high === null || points.length < 2) return false;
  const values = points.map(({ value }) => value);
  const most = Math.max(...values);
  return Number(high) - most > 4 * (most - Math.min(...values) || Math.abs(most) || 1);
}

/** How often values fall where; what is only bounded stands apart, dashed, at its bound. */
export function Histogram({ trend }: { trend: Trend }) {
  const [box, width] = useWidth();
  const counted = trend.points.filter((point) => point.counted);
  const measured = counted.filter(({ censored }) => censored === null).map(({ value }) => value);
  if (measured.length < 5) return null;
  const [low, high] = [Math.min(...measured), Math.max(...measured)];
  // Sturges' rule: as many bars as the values can carry.
  const bars = Math.min(24, Math.ceil(Math.log2(measured.length)) + 1);
  const span = (high - low || 1) / bars;
  const counts = Array.from(
    { length: bars },
    (_, index) => measured.filter((value) => Math.min(Math.floor((value - low) / span), bars - 1) === index).length,
  );
  const below = counted.filter(({ censored }) => censored === "below").length;
  const all = below === 0 ? counts : [below, ...counts];
  const most = Math.max(...all);
  const [tall, foot] = [150, 24];
  const step = (width - 24) / all.length;
  const bar = (count: number) => (count / most) * (tall - foot - 18);
  return (
    <div ref={box} className={css.plot}>
      <svg
        width={width}
        height={tall}
        viewBox={`0 0 ${width} ${tall}`}
        role="img"
        aria-label={`Histogram: ${below > 0 ? `${below} below quantification; ` : ""}${counts.map((count, index) => `${count} from ${shortNumber(low + span * index)}`).join(", ")}`}
      >
        {all.map((count, index) => {
          const censored = below > 0 && index === 0;
          const tallness = bar(count);
          const from = low + span * (below > 0 ? index - 1 : index);
          return (
            <g key={censored ? "below" : from}>
              <rect
                x={12 + index * step + 1}
                width={Math.max(step - 2, 1)}
                y={tall - foot - tallness}
                height={tallness}
                className={censored ? css.hidden : css.bar}
              />
              <text
                className={css.axis}
                x={12 + (index + 0.5) * step}
                y={tall - foot - tallness - 4}
                textAnchor="middle"
              >
                {count === 0 ? "" : count}
              </text>
              {(censored || all.length < 10 || index % 2 === 0) && step > 26 && (
                <text
                  className={css.axis}
                  x={12 + index * step + (censored ? step / 2 : 0)}
                  y={tall - 8}
                  textAnchor={censored ? "middle" : "start"}
                >
                  {censored ? "<" : shortNumber(from, 3)}
                </text>
              )}
            </g>
          );
        })}
      </svg>
    </div>
  );
}

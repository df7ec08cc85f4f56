import { Go } from "@probity/web/shell/place.tsx";
import type { Month } from "./inspect-types.ts";
import css from "./overview.module.css";

const box = { width: 520, height: 190, left: 40, right: 8, top: 12, bottom: 24 } as const;
const inner = { width: box.width - box.left - box.right, height: box.height - box.top - box.bottom };

/** A round number at or above the largest value, so that the scale reads. */
function scaleTop(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((step) => step * power).find((step) => step >= value) ?? value;
}

function Frame(props: {
  label: string;
  top: number;
  unit: string;
  months: Month[];
  children: React.ReactNode;
  href: (month: string) => string;
}) {
  const y = (value: number) => box.top + inner.height * (1 - value / props.top);
  const slot = inner.width / props.months.length;
  return (
    <figure className={css.figure}>
      <svg viewBox={`0 0 ${box.width} ${box.height}`} role="img" aria-label={props.label}>
        {[0, props.top / 2, props.top].map((value) => (
          <g key={value}>
            <line className={css.rule} x1={box.left} x2={box.width - box.right} y1={y(value)} y2={y(value)} />
            <text className={css.axis} x={box.left - 6} y={y(value) + 4} textAnchor="end">
              {`${Number(value.toFixed(1))}${props.unit}`}
            </text>
          </g>
        ))}
        {/* On the page the months are links below the drawing; where it is saved they go with it. */}
        {props.months.map((month, index) => (
          <text
            key={month.month}
            className={css.saved}
            x={box.left + slot * (index + 0.5)}
            y={box.height - 6}
            textAnchor="middle"
          >
            {index % 2 === props.months.length % 2 ? "" : shortMonth(month.month)}
          </text>
        ))}
        {props.children}
      </svg>
      <div className={css.months}>
        {props.months.map((month, index) => (
          <Go key={month.month} to={props.href(month.month)} className={css.month}>
            <span className="p-hidden">{month.month}</span>
            <span aria-hidden="true" style={{ inlineSize: slot }}>
              {index % 2 === props.months.length % 2 ? "" : shortMonth(month.month)}
            </span>
          </Go>
        ))}
      </div>
    </figure>
  );
}

/** Turnaround: a line through the middles over a band up to nine of ten. A month without samples breaks both. */
export function TimeChart({ months, href }: { months: Month[]; href: (month: string) => string }) {
  const top = scaleTop(Math.max(...months.map((month) => month.most ?? 0)));
  const x = (index: number) => box.left + (inner.width * (index + 0.5)) / months.length;
  const y = (value: number) => box.top + inner.height * (1 - value / top);
  const last = months.findLast((month) => month.median !== null);
  return (
    <Frame
      label={`Hours from receipt to verification by month; ${last === undefined ? "none" : `${last.month}: middle ${last.median?.toFixed(1)}, nine of ten under ${last.most?.toFixed(1)}`}`}
      top={top}
      unit=" h"
      months={months}
      href={href}
    >
      {runsOf(months).map((run) => (
        <g key={run[0]?.month.month}>
          <path
            className={css.reach}
            d={`${run.map(({ month, index }, at) => `${at === 0 ? "M" : "L"}${x(index)} ${y(month.most ?? 0)}`).join("")}${run
              .toReversed()
              .map(({ month, index }) => `L${x(index)} ${y(month.median ?? 0)}`)
              .join("")}Z`}
          />
          <path
            className={css.trace}
            d={run.map(({ month, index }, at) => `${at === 0 ? "M" : "L"}${x(index)} ${y(month.median ?? 0)}`).join("")}
          />
          {run.map(({ month, index }) => (
            <circle key={month.month} className={css.point} cx={x(index)} cy={y(month.median ?? 0)} r="3">
              <title>{`${month.month}: middle ${month.median?.toFixed(1)} h, nine of ten under ${month.most?.toFixed(1)} h, ${month.samples} samples`}</title>
            </circle>
          ))}
        </g>
      ))}
    </Frame>
  );
}

/** Share out of specification: a bar a month, its counts above it. */
export function RateChart({ months, href }: { months: Month[]; href: (month: string) => string }) {
  const rate = (month: Month) => (month.results === 0 ? 0 : (100 * month.out) / month.results);
  const top = scaleTop(Math.max(...months.map(rate)));
  const slot = inner.width / months.length;
  return (
    <Frame
      label={`Share of results out of specification by month, in percent; the most is ${Math.max(...months.map(rate)).toFixed(1)}`}
      top={top}
      unit=" %"
      months={months}
      href={href}
    >
      {months.map((month, index) => {
        const height = (inner.height * rate(month)) / top;
        const left = box.left + slot * index + slot * 0.22;
        return (
          <g key={month.month}>
            <rect
              className={css.bar}
              x={left}
              y={box.top + inner.height - height}
              width={slot * 0.56}
              height={Math.max(height, month.results > 0 ? 1 : 0)}
            >
              <title>{`${month.month}: ${month.out} of ${month.results}`}</title>
            </rect>
            {month.out > 0 && (
              <text
                className={css.count}
                x={left + slot * 0.28}
                y={box.top + inner.height - height - 4}
                textAnchor="middle"
              >
                {month.out}
              </text>
            )}
          </g>
        );
      })}
    </Frame>
  );
}

/** One product's middle and nine of ten, against the slowest of all. */
export function TimeRange({
  row,
  all,
}: {
  row: { median: number | null; most: number | null };
  all: readonly { most: number | null }[];
}) {
  const top = Math.max(1, ...all.map((each) => each.most ?? 0));
  if (row.median === null || row.most === null) return null;
  const [from, to] = [(100 * row.median) / top, (100 * row.most) / top];
  return (
    <svg className={css.range} viewBox="0 0 104 12" preserveAspectRatio="none" aria-hidden="true">
      <line className={css.rule} x1="2" x2="102" y1="6" y2="6" />
      <line className={css.span} x1={2 + from} x2={2 + to} y1="6" y2="6" />
      <line className={css.tick} x1={2 + from} x2={2 + from} y1="1.5" y2="10.5" />
      <line className={css.tick} x1={2 + to} x2={2 + to} y1="3.5" y2="8.5" />
    </svg>
  );
}

type Placed = { month: Month; index: number };
function runsOf(months: Month[]): Placed[][] {
  const runs: Placed[][] = [];
  for (const [index, month] of months.entries()) {
    if (month.median === null) continue;
    const last = runs.at(-1);
    if (last?.at(-1)?.index === index - 1) last.push({ month, index });
    else runs.push([{ month, index }]);
  }
  return runs;
}
const names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
function shortMonth(month: string): string {
  return names[Number(month.slice(5)) - 1] ?? month;
}

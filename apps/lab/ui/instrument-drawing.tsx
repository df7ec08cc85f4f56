import type { Tone } from "@probity/web/kit/status.ts";
import { toneColour } from "@probity/web/kit/status.ts";
import { showDay } from "@probity/web/kit/time.ts";
import page from "@probity/web/shell/page.module.css";
import css from "./instrument.module.css";
import { performedWord, type Instrument, type InstrumentEvent, type Performed } from "./instrument-types.ts";

const dayMs = 86_400_000;
const width = 960;
const left = 130;
const monthName = new Intl.DateTimeFormat("en-GB", { month: "short", timeZone: "UTC" });

function scaleOf(from: number, to: number) {
  return (at: number) => left + ((Math.min(Math.max(at, from), to) - from) / (to - from)) * (width - left - 12);
}
/** First days of months between two moments, thinned out so that their names have room. */
function monthsBetween(from: number, to: number): number[] {
  const start = new Date(from);
  const every = Math.max(1, Math.ceil((to - from) / dayMs / 30 / 14));
  const found: number[] = [];
  for (let step = 1; ; step += every) {
    const at = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + step, 1);
    if (at >= to) return found;
    found.push(at);
  }
}
function Axis({ from, to, now, height }: { from: number; to: number; now: number; height: number }) {
  const x = scaleOf(from, to);
  return (
    <>
      {monthsBetween(from, to).map((at) => (
        <g key={at}>
          <line className={css.grid} x1={x(at)} x2={x(at)} y1={20} y2={height} />
          <text x={x(at)} y={14} textAnchor={x(at) > width - 50 ? "end" : "middle"}>
            {monthName.format(at)}
            {new Date(at).getUTCMonth() === 0 ? ` ${new Date(at).getUTCFullYear()}` : ""}
          </text>
        </g>
      ))}
      <line className={css.today} x1={x(now)} x2={x(now)} y1={20} y2={height} />
      <text x={x(now)} y={height + 14} textAnchor="middle">
        today
      </text>
    </>
  );
}

/** What falls due in the year ahead, an instrument a line; what is overdue stands on the left. */
export function DueChart({ items, now }: { items: readonly Instrument[]; now: number }) {
  const due = items.filter((each) => each.status !== "retired" && each.due.length > 0);
  // Those that fall due first: the drawing stays one that can be read.
  const shown = due.toSorted((a, b) => (a.nextDueOn ?? "").localeCompare(b.nextDueOn ?? "")).slice(0, 40);
  if (shown.length === 0) return null;
  const [from, to] = [now - 60 * dayMs, now + 370 * dayMs];
  const x = scaleOf(from, to);
  const height = 26 + shown.length * 22;
  const late = shown.filter((each) => each.status === "overdue" || each.status === "on-hold").length;
  return (
    <div className={css.scroll} role="region" aria-label="What falls due" tabIndex={0}>
      <svg
        className={css.drawing}
        viewBox={`0 0 ${width} ${height + 20}`}
        role="img"
        aria-label={`What falls due in the next twelve months, ${shown.length} instruments, ${late} overdue or on hold. The table beneath says the same.`}
      >
        <Axis from={from} to={to} now={now} height={height} />
        {shown.map((each, row) => {
          const y = 36 + row * 22;
          return (
            <g key={each.id}>
              <text className={css.name} x={0} y={y + 4}>
                {each.number}
              </text>
              <line className={css.lane} x1={left} x2={width - 12} y1={y} y2={y} />
              {apart(each.due.map(({ act, on }) => ({ act, on, x: x(on === null ? from : Date.parse(on)) }))).map(
                (due) => (
                  <Mark
                    key={due.act}
                    act={due.act}
                    x={due.x}
                    y={y}
                    tone={toneOf(due.on, now)}
                    title={`${each.number}: ${performedWord[due.act].toLowerCase()} ${due.on === null ? "never done" : `due ${showDay(due.on)}`}`}
                  />
                ),
              )}
            </g>
          );
        })}
      </svg>
      {due.length > shown.length && (
        <p className={page.meta}>{`The ${shown.length} that fall due first, of ${due.length}; the table holds all.`}</p>
      )}
    </div>
  );
}

function toneOf(on: string | null, now: number): Tone {
  if (on === null || Date.parse(on) < now) return "gap";
  return Date.parse(on) - now < 30 * dayMs ? "partial" : "covered";
}
/** What falls on one day stands side by side. */
function apart<Due extends { x: number }>(marks: Due[]): Due[] {
  const placed: Due[] = [];
  for (const mark of marks.toSorted((a, b) => a.x - b.x))
    placed.push({ ...mark, x: Math.max(mark.x, (placed.at(-1)?.x ?? -99) + 14) });
  return placed;
}

/** A shape for each act: disc, square, triangle; the colour says how near. */
function Mark({ act, x, y, tone, title }: { act: Performed; x: number; y: number; tone: Tone; title: string }) {
  const fill = toneColour(tone).ink;
  return (
    <g className={css.mark} fill={fill}>
      <title>{title}</title>
      {act === "calibration" && <circle cx={x} cy={y} r={6} />}
      {act === "qualification" && <rect x={x - 5.5} y={y - 5.5} width={11} height={11} />}
      {act === "maintenance" && <path d={`M${x} ${y - 7}l7 12h-14z`} />}
    </g>
  );
}

/** The life of one instrument: how long each calibration held, where it had lapsed, and when it stood on hold. */
export function Timeline({
  found,
  events,
  now,
}: {
  found: Instrument;
  events: readonly InstrumentEvent[];
  now: number;
}) {
  const done = events.filter((each) => each.performedOn !== null);
  if (done.length === 0) return null;
  const begin = Math.min(...done.map((each) => Date.parse(each.performedOn ?? "")), now - 180 * dayMs);
  const end = Math.max(...found.due.map((each) => Date.parse(each.on ?? "") || now), now) + 45 * dayMs;
  const from = begin - 20 * dayMs;
  const x = scaleOf(from, end);
  const acts = found.due.map((each) => each.act);
  const height = 30 + (acts.length + 1) * 34;
  return (
    <div className={css.scroll} role="region" aria-label="What was done and falls due" tabIndex={0}>
      <svg
        className={css.drawing}
        viewBox={`0 0 ${width} ${height + 20}`}
        role="img"
        aria-label={`Calibration timeline of ${found.number}. The table beneath says the same.`}
      >
        <Axis from={from} to={end} now={now} height={height} />
        {acts.map((act, row) => (
          <Lane
            key={act}
            act={act}
            y={30 + row * 34}
            now={now}
            x={x}
            events={done.filter((each) => each.act === act)}
          />
        ))}
        <Holds events={events} now={now} x={x} y={30 + acts.length * 34} />
      </svg>
    </div>
  );
}

function Lane(props: {
  act: Performed;
  y: number;
  now: number;
  x: (at: number) => number;
  events: readonly InstrumentEvent[];
}) {
  const { act, y, x } = props;
  const ordered = props.events.toSorted((a, b) => (a.performedOn ?? "").localeCompare(b.performedOn ?? ""));
  return (
    <g>
      <text x={0} y={y + 16}>
        {performedWord[act]}
      </text>
      {ordered.map((each, index) => {
        const start = Date.parse(each.performedOn ?? "");
        const until = each.dueOn === null ? start : Date.parse(each.dueOn);
        const next = ordered[index + 1];
        const upTo = next === undefined ? props.now : Date.parse(next.performedOn ?? "");
        const held = Math.min(until, next === undefined ? until : upTo);
        return (
          <g key={each.id}>
            <title>{`${performedWord[act]} of ${showDay(each.performedOn ?? "")}, ${each.reference ?? ""}${each.dueOn === null ? "" : `, good until ${showDay(each.dueOn)}`}`}</title>
            {held > start && (
              <rect className={css.valid} x={x(start)} y={y + 3} width={Math.max(1, x(held) - x(start))} height={18} />
            )}
            {upTo > held && (
              <rect className={css.lapsed} x={x(held)} y={y + 3} width={Math.max(1, x(upTo) - x(held))} height={18} />
            )}
            {each.outcome !== null && each.outcome !== "pass" && (
              <g className={css.mark} fill={toneColour(each.outcome === "fail" ? "gap" : "partial").ink}>
                <path d={`M${x(start)} ${y + 5}l7 13h-14z`} />
              </g>
            )}
          </g>
        );
      })}
    </g>
  );
}

function Holds(props: { events: readonly InstrumentEvent[]; now: number; x: (at: number) => number; y: number }) {
  const { events, x, y } = props;
  const acts = events
    .filter((each) => each.act === "hold" || each.act === "release")
    .toSorted((a, b) => a.sequence - b.sequence);
  return (
    <g>
      <text x={0} y={y + 16}>
        On hold
      </text>
      <line className={css.lane} x1={left} x2={width - 12} y1={y + 12} y2={y + 12} />
      {acts.map((each, index) => {
        if (each.act !== "hold") return null;
        const start = Date.parse(each.at);
        const until = Date.parse(acts[index + 1]?.at ?? "") || props.now;
        return (
          <rect
            key={each.id}
            className={css.held}
            x={x(start)}
            y={y + 6}
            width={Math.max(3, x(until) - x(start))}
            height={12}
          >
            <title>{`On hold: ${each.reason ?? ""}`}</title>
          </rect>
        );
      })}
    </g>
  );
}

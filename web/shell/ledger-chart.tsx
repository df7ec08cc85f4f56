import { toneColour } from "../kit/status.ts";
import { showTime } from "../kit/time.ts";
import type { AnchorLine } from "./ledger-types.ts";
import { kindWords } from "./ledger-words.ts";
import css from "./ledger.module.css";

const hour = 3_600_000;
const spans = [
  {
    hours: 3,
    title: "3 hours",
    step: hour / 2,
    say: (at: Date) => at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" }),
  },
  {
    hours: 24,
    title: "24 hours",
    step: 6 * hour,
    say: (at: Date) => at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" }),
  },
  {
    hours: 168,
    title: "7 days",
    step: 24 * hour,
    say: (at: Date) => at.toLocaleDateString("en-GB", { weekday: "short", day: "numeric" }),
  },
  {
    hours: 720,
    title: "30 days",
    step: 120 * hour,
    say: (at: Date) => at.toLocaleDateString("en-GB", { day: "numeric", month: "short" }),
  },
] as const;

/** One lane a holder, one mark a checkpoint it was given: what each could show, and since when it shows nothing new. */
export function AnchorChart({ anchors, now }: { anchors: readonly AnchorLine[]; now: number }) {
  const oldest = Math.min(...anchors.map((anchor) => Date.parse(anchor.at)));
  const span = spans.find(({ hours }) => now - oldest < hours * hour) ?? spans[3];
  const begin = now - span.hours * hour;
  const place = (at: number) => `${(((at - begin) / (now - begin)) * 100).toFixed(2)}%`;
  const lanes = [...Map.groupBy(anchors, (anchor) => `${anchor.kind}\n${anchor.holder}`).values()];
  const ticks: Date[] = [];
  const first = new Date(begin);
  if (span.hours === 3) first.setMinutes(Math.ceil((first.getMinutes() + 1) / 30) * 30, 0, 0);
  else first.setHours(span.hours === 24 ? Math.ceil((first.getHours() + 1) / 6) * 6 : 24, 0, 0, 0);
  for (let at = first.getTime(); at < now; at += span.step) ticks.push(new Date(at));
  return (
    <figure className={css.chart}>
      <figcaption>Checkpoints given outside, last {span.title}</figcaption>
      <div className={css.lanes}>
        {lanes.map((lane) => {
          const [top] = lane;
          const held = lane.filter((anchor) => anchor.outcome === "done");
          const newest = held[0];
          return top === undefined ? null : (
            <div key={`${top.kind} ${top.holder}`} className={css.lane}>
              <span className={css.laneName}>
                <b>{top.holder}</b> <span>{kindWords[top.kind]}</span>
              </span>
              <svg
                className={css.track}
                role="img"
                aria-label={`${top.holder}: ${held.length} checkpoints, the newest ${newest === undefined ? "never" : showTime(newest.at)}`}
              >
                <line x1="0" x2="100%" y1="14" y2="14" className={css.rail} />
                {held.length > 0 && (
                  <line
                    x1={place(Math.max(begin, Date.parse(held.at(-1)?.at ?? "")))}
                    x2={place(Date.parse(newest?.at ?? ""))}
                    y1="14"
                    y2="14"
                    className={css.held}
                  />
                )}
                {lane
                  .filter((anchor) => Date.parse(anchor.at) >= begin)
                  .map((anchor) =>
                    anchor.outcome === "done" ? (
                      <circle
                        key={anchor.id}
                        cx={place(Date.parse(anchor.at))}
                        cy="14"
                        r="4"
                        style={{ fill: toneColour("covered").ink }}
                      >
                        <title>{`${showTime(anchor.at)}, ${anchor.size ?? 0} entries`}</title>
                      </circle>
                    ) : (
                      <svg key={anchor.id} x={place(Date.parse(anchor.at))} y="8" overflow="visible">
                        <path d="M0 0 6 11H-6z" style={{ fill: toneColour("gap").ink }}>
                          <title>{`${showTime(anchor.at)}: ${anchor.problem ?? "failed"}`}</title>
                        </path>
                      </svg>
                    ),
                  )}
              </svg>
            </div>
          );
        })}
        <div className={css.axis} aria-hidden="true">
          {ticks.map((tick) => (
            <span key={tick.getTime()} style={{ insetInlineStart: place(tick.getTime()) }}>
              {span.say(tick)}
            </span>
          ))}
        </div>
      </div>
    </figure>
  );
}

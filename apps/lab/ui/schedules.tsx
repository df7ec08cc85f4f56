import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { Field } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark, StatusShape } from "@probity/web/kit/status-mark.tsx";
import { showDay } from "@probity/web/kit/time.ts";
import { read, write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { FilterRow, Shown, useFilters } from "./filter-row.tsx";
import { FirstSteps, useNextStep } from "./first-steps.tsx";
import { labPage } from "./path.ts";
import { ScheduleForm } from "./schedule-form.tsx";
import css from "./stability.module.css";
import { slotLook, stabilityApi, type Schedule, type StripDay } from "./stability-types.ts";
import { refusedBecause } from "./words.ts";

type Asking = { schedule: Schedule; act: "pause" | "resume" | "skip"; on?: string };

/** Schedules that the server registers samples by: what became of each day, and what comes. */
export function Schedules() {
  useTitle("Schedules");
  const place = usePlace();
  const ws = place.params["ws"] ?? "";
  const queries = useQueryClient();
  const filters = useFilters(["state", "q"]);
  const list = useQuery({
    queryKey: ["lab-schedules", ws, filters.asked],
    queryFn: () => read<{ items: Schedule[]; total: number; may: string[] }>(stabilityApi.schedules(filters.asked)),
    placeholderData: keepPreviousData,
  });
  const total = list.data?.total ?? 0;
  // The one that was looked for comes into view, once.
  const asked = typeof place.search["one"] === "string" ? place.search["one"] : "";
  const there = list.data !== undefined;
  useEffect(() => {
    if (there && asked !== "") document.getElementById(`schedule-${asked}`)?.scrollIntoView();
  }, [asked, there]);
  const [editing, setEditing] = useState<Schedule | "new" | null>(null);
  const [asking, setAsking] = useState<Asking | null>(null);
  const [reason, setReason] = useState("");
  const reload = () => queries.invalidateQueries({ queryKey: ["lab-schedules", ws] });
  const act = useMutation({
    mutationFn: ({ schedule, act: name, on }: Asking) =>
      name === "skip"
        ? write("POST", stabilityApi.schedule(schedule.id, "skip"), { on, reason: reason.trim() })
        : write(
            "POST",
            stabilityApi.schedule(schedule.id, name),
            { reason: reason.trim() },
            { version: schedule.number },
          ),
    onSuccess: async () => {
      setAsking(null);
      await reload();
    },
  });
  const refused = refusedBecause(list.data?.may, "lab.schedule.change", "admins");
  const ask = (next: Asking) => {
    act.reset();
    setReason("");
    setAsking(next);
  };
  const title =
    asking === null
      ? ""
      : {
          pause: `Pause ${asking.schedule.name}`,
          resume: `Let ${asking.schedule.name} go on`,
          skip: `Skip ${showDay(asking.on ?? "")}`,
        }[asking.act];
  const make = (
    <Act look="main" disabledReason={refused} onAct={() => setEditing("new")}>
      New schedule
    </Act>
  );
  const none = list.data?.items.length === 0 && total === 0;
  const next = useNextStep(ws, none);
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>Schedules</h1>
        {make}
      </div>
      <p className={page.lead}>
        The server registers these samples by itself, each slot once. What it could not register is shown, never
        dropped.
      </p>
      {total > 0 && (
        <FilterRow
          of="schedules"
          placeholder="Name, product, point"
          filters={filters}
          choices={[
            {
              name: "state",
              label: "Stands",
              options: [
                { value: "running", label: "running" },
                { value: "paused", label: "paused" },
              ],
            },
          ]}
          file={{ path: stabilityApi.schedules({ ...filters.asked, format: "csv" }), name: "schedules.csv" }}
        />
      )}
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton label="Reading the schedules" rows={4} />}
      {next !== null && <FirstSteps ws={ws} next={next} />}
      {list.data?.items.length === 0 && next === null && (
        <EmptyState act={total > 0 ? <Act onAct={filters.clear}>Clear the filters</Act> : make}>
          {total > 0
            ? "No schedule fits these filters."
            : "Nothing is sampled by a schedule yet. Make one for a water system or a room."}
        </EmptyState>
      )}
      {list.data?.items.map((schedule) => (
        <section key={schedule.id} id={`schedule-${schedule.id}`} className={css.schedule}>
          <div className={page.head}>
            <h2>{schedule.name}</h2>
            <StatusMark
              tone={schedule.running ? "covered" : "none"}
              word={schedule.running ? "running" : "paused"}
              tinted
            />
            <span className={page.row}>
              <Act disabledReason={refused} onAct={() => setEditing(schedule)}>
                Change
              </Act>
              <Act disabledReason={refused} onAct={() => ask({ schedule, act: schedule.running ? "pause" : "resume" })}>
                {schedule.running ? "Pause" : "Let it go on"}
              </Act>
            </span>
          </div>
          <p className={css.what}>
            <span>
              <b>{schedule.rhythmWords}</b>, due {schedule.dueTime} {schedule.zone}
            </span>
            <span>{schedule.product}</span>
            <span>{schedule.points.length === 0 ? "no sampling point" : schedule.points.join(" · ")}</span>
            <span>{schedule.specification}</span>
            <span>
              {schedule.aheadDays === 0 ? "registered on the day" : `registered ${schedule.aheadDays} d ahead`}, what is
              missed is {schedule.missed === "mark" ? "shown as missed" : "registered late"}
            </span>
            <span>
              v{schedule.number}: {schedule.reason}
            </span>
          </p>
          <Strip schedule={schedule} ws={ws} refused={refused} onSkip={(on) => ask({ schedule, act: "skip", on })} />
        </section>
      ))}
      <Shown count={list.data?.items.length ?? 0} total={total} one="schedule" many="schedules" />
      {editing !== null && (
        <ScheduleForm
          ws={ws}
          schedule={editing === "new" ? null : editing}
          onClose={() => setEditing(null)}
          onDone={async () => {
            setEditing(null);
            await reload();
          }}
        />
      )}
      <Dialog open={asking !== null} onClose={() => setAsking(null)} title={title}>
        <form
          className={page.form}
          onSubmit={(event) => {
            event.preventDefault();
            if (asking !== null && reason.trim() !== "") act.mutate(asking);
          }}
        >
          {act.isError && <ProblemNotice problem={asProblem(act.error)} />}
          <p className={page.muted}>
            {asking?.act === "skip"
              ? "No sample of that day is registered, at any of its points. The day stays on the strip with this reason."
              : asking?.act === "pause"
                ? "From now on its days are shown as paused. What is registered stays."
                : "Its coming days are registered again. The paused ones stay as they are."}
          </p>
          <Field name="schedule-reason" label="Why" value={reason} onChange={setReason} />
          <div>
            <Act look="main" size="form" submit busy={act.isPending}>
              {title}
            </Act>
          </div>
        </form>
      </Dialog>
    </div>
  );
}

/** Eight weeks of days, today in the middle; arrows walk from slot to slot, the line beneath says what became of it. */
function Strip(props: { schedule: Schedule; ws: string; refused: string | undefined; onSkip: (on: string) => void }) {
  const { schedule } = props;
  const days = daysAround(schedule.today);
  const slots = new Map(schedule.strip.map((day) => [day.on, day]));
  const first = schedule.strip.find(({ on }) => on >= schedule.today) ?? schedule.strip.at(-1);
  const [chosen, setChosen] = useState(first?.on ?? "");
  const box = useRef<HTMLDivElement>(null);
  const strip = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const mark = box.current?.querySelector("[data-today]");
    if (mark instanceof HTMLElement && box.current)
      box.current.scrollLeft = mark.offsetLeft - box.current.clientWidth / 2;
  }, []);
  const walk = (step: number) => {
    const at = schedule.strip.findIndex(({ on }) => on === chosen);
    const next = schedule.strip[Math.min(Math.max(at + step, 0), schedule.strip.length - 1)];
    if (next === undefined) return;
    setChosen(next.on);
    const button = strip.current?.querySelector(`[data-on="${next.on}"]`);
    if (button instanceof HTMLElement) button.focus();
  };
  const day = slots.get(chosen);
  return (
    <div>
      <div className={css.clip} ref={box}>
        <div className={css.strip} ref={strip} role="group" aria-label={`Days of ${schedule.name}`}>
          {days.map((on) => {
            const slot = slots.get(on);
            const date = new Date(`${on}T12:00:00Z`);
            const weekday = date.getUTCDay();
            const look = slot === undefined ? null : slotLook(slot);
            return (
              <div
                key={on}
                className={css.day}
                data-monday={weekday === 1 || undefined}
                data-weekend={weekday === 0 || weekday === 6 || undefined}
                data-today={on === schedule.today || undefined}
              >
                <span>{weekday === 1 ? shortDay(date) : ""}</span>
                {slot === undefined || look === null ? (
                  <span className={css.none} />
                ) : (
                  <button
                    type="button"
                    className={css.slot}
                    data-on={on}
                    tabIndex={on === chosen ? 0 : -1}
                    aria-pressed={on === chosen}
                    aria-label={`${showDay(on)}, ${look.word}`}
                    title={`${showDay(on)}, ${look.word}`}
                    onClick={() => setChosen(on)}
                    onKeyDown={(event) => {
                      if (event.key === "ArrowRight") walk(1);
                      if (event.key === "ArrowLeft") walk(-1);
                    }}
                  >
                    <StatusShape tone={look.tone} />
                  </button>
                )}
                <span className={css.today}>{on === schedule.today ? "today" : ""}</span>
              </div>
            );
          })}
        </div>
      </div>
      <div className={css.said} role="status">
        {day === undefined ? (
          <span className={page.muted}>No slot in these eight weeks.</span>
        ) : (
          <DayLine day={day} {...props} />
        )}
      </div>
    </div>
  );
}

function DayLine(props: {
  day: StripDay;
  schedule: Schedule;
  ws: string;
  refused: string | undefined;
  onSkip: (on: string) => void;
}) {
  const { day, schedule } = props;
  const open = day.state === "coming";
  return (
    <>
      <b>{showDay(day.on)}</b>
      <StatusMark {...slotLook(day)} />
      {day.samples.map((sample) => (
        <span key={sample.id}>
          <Go to={labPage.sample(props.ws, sample.id)} className={page.mono}>
            {sample.number}
          </Go>{" "}
          <span className={page.meta}>{[sample.point, sample.state].filter((each) => each !== null).join(", ")}</span>
        </span>
      ))}
      {day.reason !== null && <span className={page.muted}>{day.reason}</span>}
      {day.state === "coming" && (
        <span className={page.muted}>
          {schedule.aheadDays === 0 ? "registered on that day" : `registered ${schedule.aheadDays} d before`}
        </span>
      )}
      {open && (
        <span className={css.acts}>
          <Act disabledReason={props.refused} onAct={() => props.onSkip(day.on)}>
            Skip this day
          </Act>
        </span>
      )}
    </>
  );
}

function daysAround(today: string): string[] {
  const middle = Date.parse(`${today}T12:00:00Z`);
  return Array.from({ length: 57 }, (_, at) => new Date(middle + (at - 28) * 86_400_000).toISOString().slice(0, 10));
}
const short = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const shortDay = (date: Date) => short.format(date);

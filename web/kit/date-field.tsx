import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import css from "./date-field.module.css";
import { dayFault, moveDay, readDay, readDayTime, shown, today } from "./day.ts";
import { showTime } from "./time.ts";

interface Props {
  /** Also the id that an error summary links to. */
  name: string;
  label: string;
  /** `2026-11-30`, with `time` `2026-11-30T10:02`; empty is no day. */
  value: string;
  /** Gets a day or nothing; of a form also what is typed and is no day, which no route takes. */
  onChange: (value: string) => void;
  hint?: string | undefined;
  error?: string | undefined;
  /** First and last possible day, both included. */
  min?: string | undefined;
  max?: string | undefined;
  /** With the time of day in the reader's own zone, which is named beneath. */
  time?: boolean;
  /** In a row of filters: the label stands beside, and only a day or nothing is handed on. */
  quiet?: boolean;
}

/**
 * The one field a day is entered in: text in ISO 8601, and the browser's own calendar on its button. A field of the
 * browser alone writes days in the order of the reader's language (03/04 is April here and March there), leaves out the weekday,
 * cannot be pasted into, and its parts are three stops for a screen reader; a calendar of our own would be 40 kB more
 * (@mantine/dates with dayjs) and worse on a telephone than the one that is built in. So: what is typed has one reading or
 * is refused with both (day.ts), what was read stands beneath it with its weekday, and the calendar costs nothing.
 * Up and down go a day, page up and page down a month, Alt+down opens the calendar.
 */
export function DateField(props: Props) {
  const { name, value, time = false, quiet = false } = props;
  const id = useId();
  const [typed, setTyped] = useState(shown(value));
  const [left, setLeft] = useState(false);
  const given = useRef(value);
  const text = useRef<HTMLInputElement>(null);
  const native = useRef<HTMLInputElement>(null);
  const read = time ? readDayTime(typed) : readDay(typed);
  const fault = dayFault(typed, { min: props.min, max: props.max, time });
  // An address that changes, or a form that is emptied, is taken over; what is being typed is left alone.
  useEffect(() => {
    if (value === given.current) return;
    given.current = value;
    setTyped(shown(value));
    setLeft(false);
  }, [value]);
  // A form of the browser's own checking doesn't leave with a day that is none.
  useEffect(() => text.current?.setCustomValidity(fault ?? ""), [fault]);
  const take = (next: string) => {
    setTyped(next);
    const known = time ? readDayTime(next) : readDay(next);
    const wrong = dayFault(next, { min: props.min, max: props.max, time });
    if (quiet && wrong !== undefined) return;
    const handed = next.trim() === "" ? "" : (known.day ?? next);
    if (handed === given.current) return;
    given.current = handed;
    props.onChange(handed);
  };
  const walk = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" && event.altKey) open(native.current);
    else {
      const step = steps[event.key];
      if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      const start = read.day ?? (typed.trim() === "" ? (time ? `${today()}T12:00` : today()) : null);
      if (start === null) return;
      // From nothing the first key goes to today, not past it.
      take(shown(read.day === null ? start : moveDay(start, step)));
      setLeft(true);
    }
    event.preventDefault();
  };
  const wrong = props.error ?? (left ? fault : undefined);
  const says = read.day === null || fault !== undefined ? "" : sayDay(read.day, time);
  const described = [
    props.hint === undefined ? "" : `${id}-hint`,
    `${id}-read`,
    wrong === undefined ? "" : `${id}-wrong`,
  ];
  return (
    <div className={quiet ? css.quiet : css.field}>
      <label htmlFor={name} className={css.label}>
        {props.label}
      </label>
      {props.hint !== undefined && (
        <span id={`${id}-hint`} className={css.hint}>
          {props.hint}
        </span>
      )}
      <span className={css.box} data-wrong={wrong !== undefined || undefined}>
        <input
          ref={text}
          id={name}
          name={name}
          className={css.text}
          placeholder={time ? "YYYY-MM-DD HH:MM" : "YYYY-MM-DD"}
          autoComplete="off"
          spellCheck={false}
          value={typed}
          title={quiet && says !== "" ? says : undefined}
          aria-invalid={wrong !== undefined || undefined}
          aria-describedby={described.filter((each) => each !== "").join(" ")}
          onChange={(event) => take(event.currentTarget.value)}
          onKeyDown={walk}
          onBlur={() => {
            if (read.day !== null) setTyped(shown(read.day));
            setLeft(true);
          }}
        />
        {hasCalendar && (
          <button
            type="button"
            className={css.open}
            aria-label="Open calendar"
            title="Open calendar"
            onClick={() => open(native.current)}
          >
            <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true" fill="none" stroke="currentColor">
              <path d="M1.5 3.5h11v9h-11zM1.5 6.5h11M4.5 1.5v3M9.5 1.5v3" />
            </svg>
          </button>
        )}
        <input
          ref={native}
          type={time ? "datetime-local" : "date"}
          className={css.native}
          tabIndex={-1}
          aria-hidden="true"
          min={bound(props.min, time, "00:00")}
          max={bound(props.max, time, "23:59")}
          value={read.day ?? ""}
          onChange={(event) => {
            take(shown(event.currentTarget.value));
            setLeft(true);
            text.current?.focus();
          }}
        />
      </span>
      <span id={`${id}-read`} className={quiet ? "p-hidden" : css.read} aria-live="polite">
        {says}
      </span>
      {wrong !== undefined && (
        <span id={`${id}-wrong`} className={css.error}>
          {wrong}
        </span>
      )}
    </div>
  );
}

const steps: Readonly<Record<string, { days?: number; months?: number }>> = {
  ArrowUp: { days: 1 },
  ArrowDown: { days: -1 },
  PageUp: { months: 1 },
  PageDown: { months: -1 },
};

/** Without it a browser has no way to open its calendar, and the day is typed. */
const hasCalendar = "showPicker" in HTMLInputElement.prototype;

function open(field: HTMLInputElement | null): void {
  try {
    field?.showPicker();
  } catch {
    // Refused, as within a frame of another origin: the day is typed.
  }
}

function bound(day: string | undefined, time: boolean, at: string): string | undefined {
  return day === undefined || !time ? day : `${day.slice(0, 10)}T${at}`;
}

const whole = new Intl.DateTimeFormat("en-GB", {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
  timeZone: "UTC",
});

/** `Monday 30 November 2026`; with a time also the zone it is read in, by its name on that day. */
function sayDay(day: string, time: boolean): string {
  const words = whole.format(new Date(`${day.slice(0, 10)}T00:00:00Z`)).replace(",", "");
  return time ? `${words.split(" ")[0]}, ${showTime(day)}` : words;
}

import { Act } from "@probity/web/kit/act.tsx";
import { DateField } from "@probity/web/kit/date-field.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Choice, Field } from "@probity/web/kit/field.tsx";
import { read, write } from "@probity/web/shell/api.ts";
import type { Page } from "@probity/web/shell/api-types.ts";
import { useEdited } from "@probity/web/shell/edited.tsx";
import page from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { labApi } from "./path.ts";
import css from "./stability.module.css";
import { stabilityApi, type Rhythm, type Schedule, type ScheduleSaid } from "./stability-types.ts";
import type { Named, Specification } from "./types.ts";

const weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** A schedule in words and numbers, with the days it would mean before it is kept. */
export function ScheduleForm(props: {
  ws: string;
  schedule: Schedule | null;
  onClose: () => void;
  onDone: () => Promise<void>;
}) {
  const { ws, schedule } = props;
  const products = useQuery({ queryKey: ["lab-products", ws], queryFn: () => read<Page<Named>>(labApi.products()) });
  const points = useQuery({ queryKey: ["lab-points", ws], queryFn: () => read<Page<Named>>(labApi.points()) });
  const specifications = useQuery({
    queryKey: ["lab-specifications", ws],
    queryFn: () => read<{ items: Specification[] }>(labApi.specifications()),
  });
  const [name, setName] = useState(schedule?.name ?? "");
  const [reason, setReason] = useState("");
  const [said, setSaid] = useState<ScheduleSaid>(schedule === null ? blank() : saidOf(schedule));
  const set = (more: Partial<ScheduleSaid>) => setSaid({ ...said, ...more });
  const own = (specifications.data?.items ?? []).filter(({ productId }) => productId === said.productId);
  const whole =
    said.productId !== "" && said.specificationId !== "" && said.zone !== "" && /^\d{4}-\d{2}-\d{2}$/.test(said.fromOn);
  const preview = useQuery({
    queryKey: ["lab-schedule-preview", said],
    queryFn: () => write<{ slots: { on: string }[] }>("POST", stabilityApi.preview(), said),
    enabled: whole,
    retry: false,
  });
  const codes = (ids: readonly string[]) =>
    ids.map((id) => points.data?.items.find((point) => point.id === id)?.code ?? id).join(", ");
  const told: readonly [string, keyof ScheduleSaid, (from: ScheduleSaid) => string][] = [
    [
      "Product",
      "productId",
      (from) => products.data?.items.find(({ id }) => id === from.productId)?.code ?? from.productId,
    ],
    [
      "Specification",
      "specificationId",
      ({ specificationId: id }) => specifications.data?.items.find((each) => each.specificationId === id)?.code ?? id,
    ],
    ["Sampling points", "pointIds", (from) => codes(from.pointIds)],
    ["Rhythm", "rhythm", (from) => rhythmText(from.rhythm)],
    ["Due at", "dueTime", (from) => from.dueTime],
    ["Time zone", "zone", (from) => from.zone],
    ["From", "fromOn", (from) => from.fromOn],
    ["Until", "untilOn", (from) => from.untilOn ?? ""],
    ["Registered ahead, days", "aheadDays", (from) => String(from.aheadDays)],
    ["Late after, minutes", "graceMinutes", (from) => String(from.graceMinutes)],
    [
      "What passed while the server was away",
      "missed",
      (from) => (from.missed === "mark" ? "shown as missed" : "registered late"),
    ],
  ];
  const edited = useEdited<Opened>(
    { version: schedule?.number ?? 0, said },
    async () => {
      const now = await read<Schedule>(stabilityApi.schedule(schedule?.id ?? ""));
      return { version: now.number, said: saidOf(now) };
    },
    told.map(([label, name, of]) => ({
      label,
      of: (each) => of(each.said),
      mine: of(said),
      take: (_, now) => setSaid((before) => ({ ...before, [name]: now.said[name] })),
    })),
  );
  const save = useMutation({
    mutationFn: () =>
      schedule === null
        ? write("POST", stabilityApi.schedules(), { name: name.trim(), schedule: said, reason: reason.trim() })
        : write(
            "POST",
            stabilityApi.schedule(schedule.id, "versions"),
            { schedule: said, reason: reason.trim() },
            { version: edited.base.version },
          ),
    onError: edited.onError,
    onSuccess: props.onDone,
  });
  const missing = !whole
    ? "Choose a product and its specification first."
    : name.trim() === ""
      ? "Give it a name."
      : reason.trim() === ""
        ? "Say why."
        : undefined;
  return (
    <Dialog
      open
      onClose={props.onClose}
      title={schedule === null ? "New schedule" : `Change ${schedule.name}`}
      size={640}
    >
      <form
        className={page.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === undefined) save.mutate();
        }}
      >
        {save.isError && edited.told(save.error)}
        {schedule !== null && (
          <p className={page.muted}>A new version, from now on. What is registered stays, and so do past days.</p>
        )}
        {schedule === null && <Field name="schedule-name" label="Name" value={name} onChange={setName} />}
        <div className={css.pair}>
          <Choice
            name="schedule-product"
            label="Product"
            value={said.productId}
            options={[
              { value: "", label: "choose" },
              ...(products.data?.items ?? []).map((item) => ({ value: item.id, label: `${item.code}  ${item.name}` })),
            ]}
            onChange={(productId) =>
              set({
                productId,
                specificationId:
                  specifications.data?.items.find((each) => each.productId === productId)?.specificationId ?? "",
              })
            }
          />
          <Choice
            name="schedule-specification"
            label="Specification"
            value={said.specificationId}
            options={[
              { value: "", label: "choose" },
              ...own.map((item) => ({ value: item.specificationId, label: `${item.code}  ${item.title}` })),
            ]}
            onChange={(specificationId) => set({ specificationId })}
          />
        </div>
        <fieldset className={css.plain}>
          <legend>Sampling points, a sample each</legend>
          <div className={page.choices}>
            {(points.data?.items ?? []).map((point) => (
              <label key={point.id}>
                <input
                  type="checkbox"
                  checked={said.pointIds.includes(point.id)}
                  onChange={(event) =>
                    set({
                      pointIds: event.currentTarget.checked
                        ? [...said.pointIds, point.id]
                        : said.pointIds.filter((each) => each !== point.id),
                    })
                  }
                />
                <span className={page.mono}>{point.code}</span> {point.name}
              </label>
            ))}
          </div>
        </fieldset>
        <RhythmFields rhythm={said.rhythm} onChange={(rhythm) => set({ rhythm })} />
        <div className={css.fields}>
          <Field name="schedule-due" label="Due at" value={said.dueTime} onChange={(dueTime) => set({ dueTime })} />
          <Field name="schedule-zone" label="Time zone" value={said.zone} onChange={(zone) => set({ zone })} />
          <DateField name="schedule-from" label="From" value={said.fromOn} onChange={(fromOn) => set({ fromOn })} />
          <DateField
            name="schedule-until"
            label="Until, may stay empty"
            min={said.fromOn}
            value={said.untilOn ?? ""}
            onChange={(untilOn) => set({ untilOn: untilOn === "" ? null : untilOn })}
          />
          <Field
            name="schedule-ahead"
            label="Registered ahead, days"
            value={String(said.aheadDays)}
            onChange={(text) => set({ aheadDays: wholeOf(text) })}
          />
          <Field
            name="schedule-grace"
            label="Late after, minutes"
            value={String(said.graceMinutes)}
            onChange={(text) => set({ graceMinutes: wholeOf(text) })}
          />
        </div>
        <Choice
          name="schedule-missed"
          label="What passed while the server was away"
          value={said.missed}
          options={[
            { value: "catch-up", label: "is registered late, and says so" },
            { value: "mark", label: "is shown as missed" },
          ]}
          onChange={(missed) => set({ missed })}
        />
        <p className={css.coming} role="status">
          {preview.isError && asProblem(preview.error).detail}
          {preview.isSuccess &&
            (preview.data.slots.length === 0
              ? "No day to come."
              : ["Next:", ...preview.data.slots.slice(0, 8).flatMap(({ on }) => [" ", <span key={on}>{on}</span>])])}
        </p>
        <Field name="schedule-why" label="Why" value={reason} onChange={setReason} />
        <div>
          <Act look="main" size="form" submit busy={save.isPending} disabledReason={missing}>
            {schedule === null ? "Make schedule" : `Put version ${edited.base.version + 1} in force`}
          </Act>
        </div>
      </form>
    </Dialog>
  );
}

function RhythmFields({ rhythm, onChange }: { rhythm: Rhythm; onChange: (rhythm: Rhythm) => void }) {
  return (
    <div className={css.pair}>
      <Choice
        name="rhythm"
        label="Rhythm"
        value={rhythm.kind}
        options={[
          { value: "days", label: "every n days" },
          { value: "weekdays", label: "on weekdays" },
          { value: "monthly", label: "every month" },
          { value: "quarterly", label: "every quarter" },
        ]}
        onChange={(kind) =>
          onChange(
            kind === "days"
              ? { kind, every: 1 }
              : kind === "weekdays"
                ? { kind, days: [1, 2, 3, 4, 5] }
                : kind === "monthly"
                  ? { kind, day: 1 }
                  : { kind, month: 1, day: 1 },
          )
        }
      />
      {rhythm.kind === "days" && (
        <Field
          name="rhythm-every"
          label="Every so many days"
          value={String(rhythm.every)}
          onChange={(text) => onChange({ kind: "days", every: wholeOf(text) })}
        />
      )}
      {rhythm.kind === "quarterly" && (
        <Field
          name="rhythm-month"
          label="Month of the quarter"
          value={String(rhythm.month)}
          onChange={(text) => onChange({ ...rhythm, month: wholeOf(text) })}
        />
      )}
      {(rhythm.kind === "monthly" || rhythm.kind === "quarterly") && (
        <Field
          name="rhythm-day"
          label="Day of the month"
          hint="31 is the last."
          value={String(rhythm.day)}
          onChange={(text) => onChange({ ...rhythm, day: wholeOf(text) })}
        />
      )}
      {rhythm.kind === "weekdays" && (
        <fieldset className={css.days}>
          <legend className="p-hidden">Days of the week</legend>
          {weekdays.map((day, at) => (
            <label key={day}>
              <input
                type="checkbox"
                checked={rhythm.days.includes(at + 1)}
                onChange={(event) =>
                  onChange({
                    kind: "weekdays",
                    days: event.currentTarget.checked
                      ? [...rhythm.days, at + 1].toSorted((a, b) => a - b)
                      : rhythm.days.filter((each) => each !== at + 1),
                  })
                }
              />
              {day}
            </label>
          ))}
        </fieldset>
      )}
    </div>
  );
}

/** A schedule's version as the form was opened on it. */
type Opened = { readonly version: number; readonly said: ScheduleSaid };

function rhythmText(rhythm: Rhythm): string {
  if (rhythm.kind === "days") return `every ${rhythm.every} days`;
  if (rhythm.kind === "weekdays") return rhythm.days.map((day) => weekdays[day - 1] ?? "").join(" ");
  return rhythm.kind === "monthly"
    ? `monthly, day ${rhythm.day}`
    : `quarterly, month ${rhythm.month}, day ${rhythm.day}`;
}

const wholeOf = (text: string) => (/^\d{1,5}$/.test(text.trim()) ? Number(text) : 0);

function blank(): ScheduleSaid {
  return {
    productId: "",
    specificationId: "",
    pointIds: [],
    rhythm: { kind: "weekdays", days: [1, 2, 3, 4, 5] },
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    dueTime: "09:00",
    fromOn: new Date().toISOString().slice(0, 10),
    untilOn: null,
    aheadDays: 2,
    graceMinutes: 240,
    missed: "catch-up",
  };
}

function saidOf(schedule: Schedule): ScheduleSaid {
  const { productId, specificationId, pointIds, rhythm, zone, dueTime, fromOn, untilOn } = schedule;
  const { aheadDays, graceMinutes, missed } = schedule;
  return {
    productId,
    specificationId,
    pointIds,
    rhythm,
    zone,
    dueTime,
    fromOn,
    untilOn,
    aheadDays,
    graceMinutes,
    missed,
  };
}

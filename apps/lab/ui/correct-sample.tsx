import { Act } from "@probity/web/kit/act.tsx";
import { DateField } from "@probity/web/kit/date-field.tsx";
import { dayFault } from "@probity/web/kit/day.ts";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Choice, ErrorSummary, Field } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { ownZone } from "@probity/web/kit/time.ts";
import { read, write } from "@probity/web/shell/api.ts";
import type { Page } from "@probity/web/shell/api-types.ts";
import page from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { labApi } from "./path.ts";
import type { Named, Sample } from "./types.ts";

/** As a field of day and time takes it: in the reader's own zone. */
function local(instant: string | null): string {
  if (instant === null) return "";
  const at = new Date(instant);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** What a sample was registered with, corrected: only what differs is sent, with the reason; both values stay on the record. */
export function CorrectSample({
  sample,
  ws,
  onClose,
  onDone,
}: {
  sample: Sample;
  ws: string;
  onClose: () => void;
  onDone: () => void;
}) {
  const points = useQuery({
    queryKey: ["lab-points", ws],
    queryFn: () => read<Page<Named>>(labApi.points()),
  });
  const was = points.data?.items.find(({ code }) => code === sample.point)?.id ?? "";
  const [point, setPoint] = useState<string | null>(null);
  const [lot, setLot] = useState(sample.lot ?? "");
  const [sampled, setSampled] = useState(local(sample.sampledAt));
  const [by, setBy] = useState(sample.sampledBy ?? "");
  const [due, setDue] = useState(sample.dueOn ?? "");
  const [priority, setPriority] = useState(sample.priority);
  const [remark, setRemark] = useState(sample.remark ?? "");
  const [reason, setReason] = useState("");
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const said = {
    ...(point === null || point === was ? {} : { samplingPointId: point || null }),
    ...(lot.trim() === (sample.lot ?? "") ? {} : { lot: lot.trim() || null }),
    ...(sampled === local(sample.sampledAt) ? {} : { sampledAt: sampled === "" ? null : sampled }),
    ...(by.trim() === (sample.sampledBy ?? "") ? {} : { sampledBy: by.trim() || null }),
    ...(due === (sample.dueOn ?? "") ? {} : { dueOn: due || null }),
    ...(priority === sample.priority ? {} : { priority }),
    ...(remark.trim() === (sample.remark ?? "") ? {} : { remark: remark.trim() || null }),
  };
  const correct = useMutation({
    mutationFn: () =>
      write(
        "POST",
        labApi.sample(sample.id, "correct"),
        {
          ...said,
          ...(said.sampledAt ? { sampledAt: new Date(said.sampledAt).toISOString() } : {}),
          reason: reason.trim(),
        },
        { version: sample.version },
      ),
    onSuccess: onDone,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const [noTime, noDay] = [dayFault(sampled, { time: true }), dayFault(due)];
    const found = {
      ...(noTime === undefined ? {} : { "correct-sampled": noTime }),
      ...(noDay === undefined ? {} : { "correct-due": noDay }),
      ...(reason.trim() === "" ? { "correct-why": "Say why it is corrected." } : {}),
    };
    setWrong(found);
    if (Object.keys(found).length === 0) correct.mutate();
  };
  return (
    <Dialog open onClose={onClose} title={`Correct ${sample.number}`}>
      <form className={page.form} onSubmit={submit} noValidate>
        {correct.isError && <ProblemNotice problem={asProblem(correct.error)} />}
        <ErrorSummary errors={wrong} focus />
        <p className={page.muted}>
          What it was stays on the record beside what it becomes. Product, limits and number stay.
        </p>
        <Choice
          name="correct-point"
          label="Sampling point"
          value={point ?? was}
          options={[
            { value: "", label: "none" },
            ...(points.data?.items ?? []).map((item) => ({ value: item.id, label: `${item.code}  ${item.name}` })),
          ]}
          onChange={setPoint}
        />
        <Field name="correct-lot" label="Lot" value={lot} onChange={setLot} />
        <DateField
          name="correct-sampled"
          label="Sampled at"
          time
          hint={`Your time, ${ownZone}.`}
          value={sampled}
          onChange={setSampled}
          error={wrong["correct-sampled"]}
        />
        <Field name="correct-by" label="Sampled by" value={by} onChange={setBy} />
        <DateField name="correct-due" label="Due on" value={due} onChange={setDue} error={wrong["correct-due"]} />
        <Choice
          name="correct-priority"
          label="Priority"
          value={priority}
          options={[
            { value: "routine", label: "routine" },
            { value: "urgent", label: "urgent" },
          ]}
          onChange={setPriority}
        />
        <Field name="correct-remark" label="Remark" value={remark} onChange={setRemark} />
        <Field
          name="correct-why"
          label="Why"
          value={reason}
          onChange={setReason}
          hint="Such as: lot typed wrong on the request."
          error={wrong["correct-why"]}
        />
        <div>
          <Act
            look="main"
            size="form"
            submit
            busy={correct.isPending}
            disabledReason={Object.keys(said).length === 0 ? "Nothing is different yet." : undefined}
          >
            Save correction
          </Act>
        </div>
      </form>
    </Dialog>
  );
}

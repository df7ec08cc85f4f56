import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Choice } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import css from "./stability.module.css";
import { stabilityApi, type Protocol, type Study } from "./stability-types.ts";

/** Starts a batch today: how many units go where. Its pulls follow from the protocol. */
export function StudyStart(props: {
  study: Study;
  protocol: Protocol;
  lots: string[];
  onClose: () => void;
  onDone: () => Promise<void>;
}) {
  const { protocol } = props;
  const [lot, setLot] = useState(props.lots[0] ?? "");
  const [rows, setRows] = useState(
    protocol.conditions.map(({ key, kind, months, units }) => ({
      condition: key,
      need: months.length * units,
      units: String(months.length * units),
      place: kind === "initial" ? "Laboratory" : "",
    })),
  );
  const start = useMutation({
    mutationFn: () =>
      write("POST", stabilityApi.study(props.study.id, "batches"), {
        lot,
        stored: rows.map(({ condition, units, place }) => ({ condition, units: Number(units), place: place.trim() })),
      }),
    onSuccess: props.onDone,
  });
  const set = (condition: string, more: { units?: string; place?: string }) =>
    setRows(rows.map((row) => (row.condition === condition ? { ...row, ...more } : row)));
  const missing = rows.some(({ place }) => place.trim() === "")
    ? "Say where each condition's units lie."
    : rows.some(({ units, need }) => !/^\d+$/.test(units) || Number(units) < need)
      ? "Each condition gets at least the units its pulls need."
      : undefined;
  return (
    <Dialog open onClose={props.onClose} title={`Start a batch of ${props.study.number}`} size={560}>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === undefined) start.mutate();
        }}
      >
        {start.isError && <ProblemNotice problem={asProblem(start.error)} />}
        <Choice
          name="start-lot"
          label="Batch"
          value={lot}
          options={props.lots.map((each) => ({ value: each, label: each }))}
          onChange={setLot}
        />
        <table className={css.rows}>
          <thead>
            <tr>
              <th scope="col">Condition</th>
              <th scope="col">Units, needs</th>
              <th scope="col">Place</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.condition}>
                <td>{protocol.conditions.find(({ key }) => key === row.condition)?.title}</td>
                <td>
                  <input
                    aria-label={`Units, at least ${row.need}`}
                    inputMode="numeric"
                    data-mono
                    aria-invalid={Number(row.units) < row.need}
                    value={row.units}
                    onChange={(event) => set(row.condition, { units: event.currentTarget.value })}
                  />
                </td>
                <td>
                  <input
                    aria-label="Place"
                    value={row.place}
                    onChange={(event) => set(row.condition, { place: event.currentTarget.value })}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        <p className={page.muted}>
          Month 0 is today, {props.study.today}, by this server's clock. Every pull is derived from it and stays.
        </p>
        <div>
          <Act look="main" size="form" submit busy={start.isPending} disabledReason={missing}>
            {`Start ${lot}`}
          </Act>
        </div>
      </form>
    </Dialog>
  );
}

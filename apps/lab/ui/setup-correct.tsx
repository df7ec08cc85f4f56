import { Act } from "@probity/web/kit/act.tsx";
import { announce } from "@probity/web/kit/announcer.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Field } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { read, write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { Go } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import {
  instrumentLook,
  lotLook,
  qualityApi,
  qualityPage,
  sayKind,
  type Instrument,
  type Lot,
} from "./instrument-types.ts";
import css from "./instrument.module.css";
import { PickList } from "./pick-list.tsx";
import type { ResultLine } from "./types.ts";
import { refusedBecause } from "./words.ts";

type Row = Pick<ResultLine, "id" | "version" | "name" | "state" | "sample" | "text">;
interface Used {
  instrumentId: string | null;
  instrument: string | null;
  instrumentName: string | null;
  lotId: string | null;
  lot: string | null;
  material: string | null;
  reason: string | null;
  by: string;
  at: string;
}

/** What one result was made with, and the way to set it right before it is verified. */
export function MadeWith(props: {
  ws: string;
  result: Row;
  may: readonly string[] | undefined;
  onChanged: () => void;
}) {
  const { ws, result } = props;
  const used = useQuery({
    queryKey: ["lab-used", result.id, result.version],
    queryFn: async () => (await read<{ items: Used[] }>(qualityApi.used(result.id))).items,
  });
  const [open, setOpen] = useState(false);
  const items = used.data ?? [];
  const [first] = items;
  const refused =
    result.state === "open" || result.state === "entered"
      ? refusedBecause(props.may, "lab.result.enter", "technicians")
      : `It is ${result.state}: what it was made with stays. Unlock its sample first, or order a retest.`;
  return (
    <section aria-label="Made with">
      {used.isError && <ProblemNotice problem={asProblem(used.error)} />}
      <ul className={css.named}>
        {items.map((each) => (
          <li key={each.instrumentId ?? each.lotId}>
            {each.instrumentId !== null ? (
              <>
                <Go to={qualityPage.instrument(ws, each.instrumentId)}>{each.instrument ?? ""}</Go>{" "}
                {each.instrumentName}
              </>
            ) : (
              <>
                <Go to={qualityPage.lot(ws, each.lotId ?? "")}>{each.lot ?? ""}</Go> {each.material}
              </>
            )}
          </li>
        ))}
        {used.isSuccess && items.length === 0 && (
          <li className={page.muted}>No instrument and no lot is named for it.</li>
        )}
      </ul>
      <p className={page.row}>
        {first !== undefined && (
          <span className={page.meta}>
            {first.reason === null ? "Named" : `Set right because “${first.reason}”`}, {first.by}, {showTime(first.at)}
          </span>
        )}
        <Act look="quiet" disabledReason={refused} onAct={() => setOpen(true)}>
          {items.length === 0 ? "Name what it was made with" : "Set right what it was made with"}
        </Act>
      </p>
      {open && (
        <SetupCorrection
          rows={[result]}
          named={{
            instruments: items.flatMap((each) => each.instrumentId ?? []),
            lots: items.flatMap((each) => each.lotId ?? []),
          }}
          onClose={() => setOpen(false)}
          onDone={() => {
            setOpen(false);
            void used.refetch();
            props.onChanged();
          }}
        />
      )}
    </section>
  );
}

/** Says what results were made with; of those that are entered with the reason, and whoever does verifies none of them. */
export function SetupCorrection(props: {
  rows: readonly Row[];
  named: { instruments: readonly string[]; lots: readonly string[] };
  onClose: () => void;
  onDone: () => void;
}) {
  const instruments = useQuery({
    queryKey: ["lab-instruments-all"],
    queryFn: async () => (await read<{ items: Instrument[] }>(qualityApi.instruments())).items,
  });
  const lots = useQuery({
    queryKey: ["lab-lots-all"],
    queryFn: async () => (await read<{ items: Lot[] }>(qualityApi.lots())).items,
  });
  const [machines, setMachines] = useState<ReadonlySet<string>>(new Set(props.named.instruments));
  const [taken, setTaken] = useState<ReadonlySet<string>>(new Set(props.named.lots));
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(props.rows.map((row) => row.id)));
  const [reason, setReason] = useState("");
  const queries = useQueryClient();
  const rows = props.rows.filter((row) => chosen.has(row.id));
  const asks = rows.some((row) => row.state === "entered");
  const send = useMutation({
    mutationFn: () =>
      write("POST", qualityApi.correct(), {
        instrumentIds: [...machines],
        lotIds: [...taken],
        rows: rows.map(({ id, version }) => ({ id, version })),
        ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
      }),
    onSuccess: () => {
      announce(`${rows.length === 1 ? "One result says" : `${rows.length} results say`} what it was made with.`);
      for (const key of ["lab-gates", "lab-setup", "lab-evidence"]) void queries.invalidateQueries({ queryKey: [key] });
      props.onDone();
    },
  });
  const failed = instruments.error ?? lots.error ?? send.error;
  const missing =
    rows.length === 0
      ? "Choose at least one result."
      : asks && reason.trim() === ""
        ? "What is entered is set right with a reason."
        : undefined;
  return (
    <Dialog open onClose={props.onClose} title="Set right what results were made with" size={920}>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === undefined) send.mutate();
        }}
      >
        {failed !== null && <ProblemNotice problem={asProblem(failed)} />}
        <p className={page.muted}>
          The value stays as it is, and so does what was named before, in the history. Whoever sets it right verifies
          none of these results. The method’s version and the unit are frozen at registration: a retest determines anew.
        </p>
        {props.rows.length > 1 && (
          <fieldset className={css.which}>
            <legend>Of these results</legend>
            {props.rows.map((row) => (
              <label key={row.id}>
                <input
                  type="checkbox"
                  checked={chosen.has(row.id)}
                  onChange={() => setChosen((before) => toggled(before, row.id))}
                />
                <span className={page.mono}>{row.sample ?? ""}</span> {row.name}{" "}
                <span className={page.mono}>{row.text ?? ""}</span>
              </label>
            ))}
          </fieldset>
        )}
        {(instruments.isPending || lots.isPending) && <Skeleton label="Reading instruments and lots" rows={4} />}
        {instruments.data !== undefined && lots.data !== undefined && (
          <div className={css.pick}>
            <PickList
              label="Instruments"
              first
              picked={machines}
              onToggle={(id) => setMachines((before) => toggled(before, id))}
              empty="No instrument is registered."
              items={instruments.data.map((each) => ({
                id: each.id,
                number: each.number,
                name: each.name,
                detail: sayKind(each.kind),
                look: instrumentLook[each.status],
              }))}
            />
            <PickList
              label="Lots"
              picked={taken}
              onToggle={(id) => setTaken((before) => toggled(before, id))}
              empty="No lot is on record."
              items={lots.data.map((each) => ({
                id: each.id,
                number: each.number,
                name: each.materialName,
                detail: each.material,
                look: lotLook[each.status],
              }))}
            />
          </div>
        )}
        <Field
          name="setup-why"
          label="Why"
          value={reason}
          onChange={setReason}
          hint="Such as: measured on CM-02, the other meter was in use."
        />
        <p>
          <Act look="main" size="form" submit busy={send.isPending} disabledReason={missing}>
            {rows.length === 1 ? "Set this result right" : `Set these ${rows.length} right`}
          </Act>
        </p>
      </form>
    </Dialog>
  );
}

function toggled(before: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const after = new Set(before);
  if (!after.delete(id)) after.add(id);
  return after;
}

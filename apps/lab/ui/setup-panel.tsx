import { Act } from "@probity/web/kit/act.tsx";
import { announce } from "@probity/web/kit/announcer.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { KeyHint } from "@probity/web/kit/key-hint.tsx";
import { singleKey } from "@probity/web/kit/keys.ts";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showDay, showTime } from "@probity/web/kit/time.ts";
import { read, write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { Go } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import {
  instrumentLook,
  lotLook,
  performedWord,
  qualityApi,
  qualityPage,
  sayKind,
  type Setup,
} from "./instrument-types.ts";
import css from "./instrument.module.css";
import { PickList } from "./pick-list.tsx";
import { SetupCorrection } from "./setup-correct.tsx";
import type { ResultLine } from "./types.ts";
import { refusedBecause } from "./words.ts";

/** What a worksheet's results are made with: named before they are entered, and kept with each of them. */
export function SetupPanel(props: {
  ws: string;
  worksheet: string;
  /** Its results that may be set right: entered, and not verified. */
  entered: readonly ResultLine[];
  onChanged: () => void;
}) {
  const { ws, worksheet, entered } = props;

  const key = ["lab-setup", worksheet];
  const setup = useQuery({ queryKey: key, queryFn: () => read<Setup>(qualityApi.setup(worksheet)) });
  const [open, setOpen] = useState(false);
  const [correcting, setCorrecting] = useState(false);
  const queries = useQueryClient();
  const found = setup.data;
  const refused =
    found === undefined
      ? undefined
      : found.open
        ? refusedBecause(found.may, "lab.worksheet.change", "technicians")
        : "The worksheet is verified.";
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (singleKey(event) !== "i" || refused !== undefined) return;
      event.preventDefault();
      setOpen(true);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [refused]);
  if (setup.isError) return <ProblemNotice problem={asProblem(setup.error)} onRetry={() => void setup.refetch()} />;
  if (found === undefined) return null;
  const now = found.sets[0];
  const machines = found.instruments.filter((each) => now?.instrumentIds.includes(each.id));
  const lots = found.lots.filter((each) => now?.lotIds.includes(each.id));
  const missing = [
    ...found.required.instruments.filter((kind) => !machines.some((each) => each.kind === kind)).map(sayKind),
    ...found.required.materials
      .filter((code) => !lots.some((each) => each.material === code))
      .map((code) => `a lot of ${code}`),
  ];
  const asks = found.required.instruments.length + found.required.materials.length > 0;
  const earlier = found.sets.slice(1).filter((each) => each.results > 0);
  return (
    <section className={css.panel} aria-label="Instruments and materials">
      <header>
        <h2>Instruments &amp; materials</h2>
        {missing.length > 0 && <StatusMark tone="gap" word={`not named: ${missing.join(", ")}`} />}
        {!asks && now === undefined && <span className={page.muted}>Its methods ask for none.</span>}
        <span className={page.row}>
          {entered.length > 0 && (
            <Act
              look="quiet"
              disabledReason={refusedBecause(found.may, "lab.result.enter", "technicians")}
              onAct={() => setCorrecting(true)}
            >
              Set entered results right
            </Act>
          )}
          <Act disabledReason={refused} hint="I" onAct={() => setOpen(true)}>
            {now === undefined ? "Name them" : "Name others"}
          </Act>
        </span>
      </header>
      {(machines.length > 0 || lots.length > 0) && (
        <ul className={css.named}>
          {machines.map((each) => (
            <li key={each.id}>
              <Go to={qualityPage.instrument(ws, each.id)}>{each.number}</Go> {each.name}
              <StatusMark {...instrumentLook[each.status]} />
              {each.nextDueOn !== null && each.nextDue !== null && each.status !== "overdue" && (
                <span className={page.meta}>
                  {performedWord[each.nextDue].toLowerCase()} to {showDay(each.nextDueOn)}
                </span>
              )}
            </li>
          ))}
          {lots.map((each) => (
            <li key={each.id}>
              <Go to={qualityPage.lot(ws, each.id)}>{each.number}</Go> {each.materialName}
              <StatusMark {...lotLook[each.status]} />
              <span className={page.meta}>to {showDay(each.lastDay)}</span>
            </li>
          ))}
        </ul>
      )}
      {now !== undefined && (
        <p className={page.meta}>
          Named by {now.by}, {showTime(now.at)}. What is entered keeps it
          {earlier.length > 0 &&
            `; ${earlier.reduce((sum, each) => sum + each.results, 0)} results were entered with what was named before`}
          .
        </p>
      )}
      {correcting && (
        <SetupCorrection
          rows={entered}
          named={{ instruments: now?.instrumentIds ?? [], lots: now?.lotIds ?? [] }}
          onClose={() => setCorrecting(false)}
          onDone={() => {
            setCorrecting(false);
            props.onChanged();
          }}
        />
      )}
      {open && (
        <Choose
          found={found}
          worksheet={worksheet}
          onClose={() => setOpen(false)}
          onDone={() => {
            setOpen(false);
            announce("Instruments and materials named.");
            void queries.invalidateQueries({ queryKey: key });
          }}
        />
      )}
    </section>
  );
}

function Choose(props: { found: Setup; worksheet: string; onClose: () => void; onDone: () => void }) {
  const { found } = props;
  const [machines, setMachines] = useState<ReadonlySet<string>>(new Set(found.sets[0]?.instrumentIds));
  const [lots, setLots] = useState<ReadonlySet<string>>(new Set(found.sets[0]?.lotIds));
  const toggled = (before: ReadonlySet<string>, id: string) => {
    const after = new Set(before);
    if (!after.delete(id)) after.add(id);
    return after;
  };
  const send = useMutation({
    mutationFn: () =>
      write("POST", qualityApi.setup(props.worksheet), {
        instrumentIds: [...machines],
        lotIds: [...lots],
        basedOn: found.number,
      }),
    onSuccess: props.onDone,
  });
  // What the methods ask for comes first.
  const asked = new Set([...found.required.instruments, ...found.required.materials]);
  const first = (a: string, b: string) => Number(asked.has(b)) - Number(asked.has(a));
  return (
    <Dialog open onClose={props.onClose} title="Instruments & materials" size={920}>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          send.mutate();
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            send.mutate();
          }
        }}
      >
        {send.isError && <ProblemNotice problem={asProblem(send.error)} />}
        {asked.size > 0 && (
          <p className={page.muted}>
            Its methods ask for {[...found.required.instruments.map(sayKind), ...found.required.materials].join(", ")}.
          </p>
        )}
        <div className={css.pick}>
          <PickList
            label="Instruments"
            first
            picked={machines}
            onToggle={(id) => setMachines((before) => toggled(before, id))}
            empty="No instrument is registered. A reviewer registers them under Instruments."
            items={found.instruments
              .toSorted((a, b) => first(a.kind, b.kind))
              .map((each) => ({
                id: each.id,
                number: each.number,
                name: each.name,
                detail: sayKind(each.kind),
                look: instrumentLook[each.status],
              }))}
          />
          <PickList
            label="Lots"
            picked={lots}
            onToggle={(id) => setLots((before) => toggled(before, id))}
            empty="No lot is on record. Receive one under Materials."
            items={found.lots
              .toSorted((a, b) => first(a.material, b.material))
              .map((each) => ({
                id: each.id,
                number: each.number,
                name: each.materialName,
                detail: `${each.material}, ${each.left} ${each.unit} left`,
                look: lotLook[each.status],
              }))}
          />
        </div>
        <p className={page.row}>
          <Act look="main" size="form" submit busy={send.isPending}>
            Name these {machines.size + lots.size}
          </Act>
          <span className={page.meta}>
            <KeyHint of="Space" /> takes or leaves · <KeyHint of="Ctrl Enter" /> names them · results entered before
            keep theirs
          </span>
        </p>
      </form>
    </Dialog>
  );
}

import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { showDay } from "@probity/web/kit/time.ts";
import { read, write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import css from "./lab.module.css";
import { labApi } from "./path.ts";
import { determinationOf, extraOf, ownRowFault, OwnRows, type OwnRow } from "./own-rows.tsx";
import type { MethodVersion, Waiting, Worksheet } from "./types.ts";

/** What goes on a worksheet that is begun, and what without a value comes off it again. */
export function WorksheetRows(props: { ws: string; sheet: Worksheet; onClose: () => void; onDone: () => void }) {
  const { ws, sheet } = props;
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const waiting = useQuery({
    queryKey: ["lab-waiting"],
    queryFn: () => read<{ items: Waiting[] }>(labApi.waiting()),
    staleTime: 0,
  });
  const known = useQuery({
    queryKey: ["lab-methods", ws],
    queryFn: () => read<{ items: MethodVersion[] }>(labApi.methods()),
  });
  const [own, setOwn] = useState<OwnRow[]>([]);
  const methods = new Set(sheet.rows.map(({ method }) => method.code));
  const more = (waiting.data?.items ?? []).filter(({ method }) => methods.has(method));
  const open = sheet.rows.filter(({ state, kind }) => state === "open" && kind === "sample");
  const [on, off] = [more.filter(({ id }) => chosen.has(id)), open.filter(({ id }) => chosen.has(id))];
  // Of every method on the sheet: blanks and controls of each determination, duplicates of what stands or comes on it.
  const here = (known.data?.items ?? []).filter(({ code }) => methods.has(code));
  const determinations = here.flatMap(({ methodId, code, definition }) =>
    definition.analytes.map(({ key, name, unit }) => ({
      at: determinationOf(methodId, key),
      label: here.length > 1 ? `${code}  ${name}` : name,
      unit,
    })),
  );
  const methodOf = (code: string) => here.find((each) => each.code === code)?.methodId ?? "";
  const originals = [
    ...sheet.rows.flatMap((row) =>
      row.kind === "sample" && (row.state === "open" || row.state === "entered") && !chosen.has(row.id)
        ? [{ id: row.id, at: determinationOf(methodOf(row.method.code), row.analyte), label: labelOf(row) }]
        : [],
    ),
    ...on.map((row) => ({ id: row.id, at: determinationOf(row.methodId, row.analyte), label: labelOf(row) })),
  ];
  const change = useMutation({
    mutationFn: async () => {
      let { version } = sheet;
      if (off.length > 0) {
        const body = { resultIds: off.map(({ id }) => id) };
        ({ version } = await write<{ version: number }>("POST", labApi.takeOff(sheet.id), body, { version }));
      }
      if (on.length + own.length > 0) {
        const body = { resultIds: on.map(({ id }) => id), extra: extraOf(own) };
        await write("POST", labApi.worksheet(sheet.id, "rows"), body, { version });
      }
    },
    onSuccess: props.onDone,
  });
  const touched = on.length + off.length + own.length;
  const fault = ownRowFault(own, originals);
  const pick = (id: string) =>
    setChosen((before) => {
      const after = new Set(before);
      if (!after.delete(id)) after.add(id);
      return after;
    });
  return (
    <Dialog open onClose={props.onClose} title={`Rows of ${sheet.number}`} size={640}>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (touched > 0 && fault === undefined) change.mutate();
        }}
      >
        {change.isError && <ProblemNotice problem={asProblem(change.error)} />}
        {waiting.isError && <ProblemNotice problem={asProblem(waiting.error)} />}
        <p className={page.muted}>
          {more.length === 0
            ? "Nothing else waits for its methods."
            : "Put on: what waits for its methods, urgent and due ones first."}
        </p>
        {more.length > 0 && (
          <div className={css.waiting} role="group" aria-label="Put on">
            {more.map((item) => (
              <label key={item.id}>
                <input type="checkbox" checked={chosen.has(item.id)} onChange={() => pick(item.id)} />
                <span className={css.number}>{item.sample}</span>
                <span>{`${item.product}, ${item.name}`}</span>
                <span className={page.meta}>{item.dueOn === null ? "" : `due ${showDay(item.dueOn)}`}</span>
              </label>
            ))}
          </div>
        )}
        {open.length > 0 && (
          <p className={page.muted}>Take off: what has no value yet; it waits for another worksheet.</p>
        )}
        {open.length > 0 && (
          <div className={css.waiting} role="group" aria-label="Take off">
            {open.map((row) => (
              <label key={row.id}>
                <input type="checkbox" checked={chosen.has(row.id)} onChange={() => pick(row.id)} />
                <span className={css.number}>{row.sample}</span>
                <span>{row.name}</span>
                <span />
              </label>
            ))}
          </div>
        )}
        <p className={page.muted}>Blanks, controls and duplicates to run with them</p>
        <OwnRows rows={own} determinations={determinations} originals={originals} onChange={setOwn} />
        <div>
          <Act
            look="main"
            size="form"
            submit
            busy={change.isPending}
            disabledReason={touched === 0 ? "Choose at least one row." : fault}
          >
            {[
              on.length + own.length > 0 ? `Put ${on.length + own.length} on` : "",
              off.length > 0 ? `take ${off.length} off` : "",
            ]
              .filter((each) => each !== "")
              .join(", ") || "Change rows"}
          </Act>
        </div>
      </form>
    </Dialog>
  );
}

function labelOf({ sample, name }: { sample?: string | null; name: string }): string {
  return `${sample ?? ""}  ${name}`;
}

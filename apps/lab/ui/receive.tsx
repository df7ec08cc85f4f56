import { announce } from "@probity/web/kit/announcer.tsx";
import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Field } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { read, write } from "@probity/web/shell/api.ts";
import type { Page } from "@probity/web/shell/api-types.ts";
import page from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import css from "./lab.module.css";
import { labApi } from "./path.ts";
import type { SampleLine } from "./types.ts";
import { stateLook } from "./words.ts";

type Scanned = Pick<SampleLine, "id" | "number" | "product" | "state">;

/** The sample a label says, whatever case a scanner sends. */
export async function sampleOfLabel(label: string): Promise<SampleLine | undefined> {
  const number = label.trim().toLowerCase();
  if (number === "") return undefined;
  const found = await read<Page<SampleLine>>(labApi.samples({ q: number, limit: 10 }));
  return found.items.find((item) => item.number.toLowerCase() === number);
}

/**
 * Receives many samples at once: labels are scanned one after the other, with where they are put and in which condition they came.
 * A scanner types the number and presses Enter; the field keeps the focus.
 */
export function Receive(props: {
  open: boolean;
  /** One sample on its own page: nothing is scanned. */
  alone?: boolean;
  /** Chosen in the list before. */
  chosen: readonly Scanned[];
  onClose: () => void;
  onDone: () => void;
}) {
  const [scanned, setScanned] = useState<readonly Scanned[]>(props.chosen);
  const [label, setLabel] = useState("");
  const [told, setTold] = useState("");
  const [place, setPlace] = useState("");
  const [condition, setCondition] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const queries = useQueryClient();
  const places = useQuery({
    queryKey: ["lab-places"],
    queryFn: () => read<{ items: { place: string }[] }>(labApi.places()),
    enabled: props.open,
  });
  useEffect(() => {
    if (props.open) setScanned(props.chosen);
  }, [props.open, props.chosen]);
  const say = (words: string) => {
    setTold(words);
    announce(words);
  };
  const take = useMutation({
    mutationFn: sampleOfLabel,
    onSuccess: (found, text) => {
      setLabel("");
      field.current?.focus();
      if (found === undefined) return say(`No sample has the number ${text.trim()}.`);
      if (found.state !== "registered") return say(`${found.number} is ${stateLook[found.state].word} already.`);
      if (scanned.some(({ id }) => id === found.id)) return say(`${found.number} is in the list.`);
      setScanned([...scanned, found]);
      return say(`${found.number} added.`);
    },
  });
  const receive = useMutation({
    mutationFn: () =>
      write("POST", labApi.receive(), {
        ids: scanned.map(({ id }) => id),
        place: place.trim() || null,
        condition: condition.trim() || null,
      }),
    onSuccess: async () => {
      announce(`${scanned.length} received.`);
      setScanned([]);
      setTold("");
      await queries.invalidateQueries({ queryKey: ["lab-samples"] });
      await queries.invalidateQueries({ queryKey: ["lab-places"] });
      props.onDone();
    },
  });
  const scan = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement) || event.target.name !== "scan") return;
    event.preventDefault();
    if (label.trim() !== "" && !take.isPending) take.mutate(label);
  };
  const failed = receive.error ?? take.error;
  return (
    <Dialog
      open={props.open}
      onClose={props.onClose}
      title={props.alone === true ? `Receive ${props.chosen[0]?.number ?? ""}` : "Receive samples"}
      size={560}
    >
      <form
        className={page.form}
        onKeyDown={scan}
        onSubmit={(event) => {
          event.preventDefault();
          if (scanned.length > 0 && label.trim() === "") receive.mutate();
        }}
      >
        {failed !== null && <ProblemNotice problem={asProblem(failed)} />}
        {props.alone !== true && (
          <Field
            name="scan"
            label="Scan a label"
            value={label}
            onChange={setLabel}
            inputRef={field}
            autoComplete="off"
            hint="Or type the number and press Enter."
          />
        )}
        {told !== "" && <p className={page.muted}>{told}</p>}
        {scanned.length > 0 && props.alone !== true && (
          <ul className={css.lines} aria-label="To be received">
            {scanned.map((each) => (
              <li key={each.id}>
                <span>
                  <b className={css.number}>{each.number}</b> {each.product}
                </span>
                <Act
                  look="quiet"
                  label={`Take out ${each.number}`}
                  onAct={() => setScanned(scanned.filter(({ id }) => id !== each.id))}
                >
                  Take out
                </Act>
              </li>
            ))}
          </ul>
        )}
        <Field
          name="receive-place"
          label="Put where"
          value={place}
          onChange={setPlace}
          known={(places.data?.items ?? []).map((each) => each.place)}
          hint="Such as: Fridge 2, shelf B. May stay empty."
        />
        <Field
          name="receive-condition"
          label="Condition"
          value={condition}
          onChange={setCondition}
          hint="Such as: intact, 5 °C. May stay empty."
        />
        <div>
          <Act
            look="main"
            size="form"
            submit
            busy={receive.isPending}
            disabledReason={scanned.length === 0 ? "Scan or choose samples first." : undefined}
          >
            {scanned.length > 1 ? `Receive ${scanned.length} samples` : "Receive"}
          </Act>
        </div>
      </form>
    </Dialog>
  );
}

import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Choice, Field } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { read, write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { labApi } from "./path.ts";

const acts = [
  { value: "moved", label: "Move", hint: "Such as: Freezer 1, box 12." },
  { value: "handed-over", label: "Hand over", hint: "Where it goes with them. May stay empty." },
  { value: "opened", label: "Open", hint: "May stay empty: it stays where it is." },
  { value: "returned", label: "Return", hint: "Back to where. May stay empty: it stays where it is." },
  { value: "disposed", label: "Dispose of", hint: "" },
] as const;
type Name = (typeof acts)[number]["value"];

/** What happens to samples in the laboratory: moved, handed over, opened, returned, disposed of. One reason for all of them. */
export function CustodyAct(props: {
  open: boolean;
  ids: readonly string[];
  /** A number, or how many. */
  what: string;
  onClose: () => void;
  onDone: () => void;
}) {
  const [name, setName] = useState<Name>("moved");
  const [place, setPlace] = useState("");
  const [holder, setHolder] = useState("");
  const [remark, setRemark] = useState("");
  const queries = useQueryClient();
  const places = useQuery({
    queryKey: ["lab-places"],
    queryFn: () => read<{ items: { place: string }[] }>(labApi.places()),
    enabled: props.open,
  });
  const keep = useMutation({
    mutationFn: () =>
      write("POST", labApi.custody(), {
        ids: props.ids,
        act: name,
        place: name === "disposed" ? null : place.trim() || null,
        holder: name === "handed-over" ? holder.trim() || null : null,
        remark: remark.trim() || null,
      }),
    onSuccess: async () => {
      setPlace("");
      setHolder("");
      setRemark("");
      await queries.invalidateQueries({ queryKey: ["lab-samples"] });
      await queries.invalidateQueries({ queryKey: ["lab-places"] });
      props.onDone();
    },
  });
  const act = acts.find(({ value }) => value === name) ?? acts[0];
  const missing =
    name === "moved" && place.trim() === ""
      ? "Say where it goes."
      : name === "handed-over" && holder.trim() === ""
        ? "Say who has it now."
        : name === "disposed" && remark.trim() === ""
          ? "Say how it was disposed of."
          : undefined;
  return (
    <Dialog
      open={props.open}
      onClose={() => {
        keep.reset();
        props.onClose();
      }}
      title={`Custody of ${props.what}`}
    >
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === undefined) keep.mutate();
        }}
      >
        {keep.isError && <ProblemNotice problem={asProblem(keep.error)} />}
        <Choice name="custody-act" label="What happens" value={name} options={acts} onChange={setName} />
        {name === "handed-over" && <Field name="custody-holder" label="To whom" value={holder} onChange={setHolder} />}
        {name !== "disposed" && (
          <Field
            name="custody-place"
            label="Where to"
            value={place}
            onChange={setPlace}
            known={(places.data?.items ?? []).map((each) => each.place)}
            hint={act.hint}
          />
        )}
        <Field
          name="custody-remark"
          label={name === "disposed" ? "How" : "Remark"}
          value={remark}
          onChange={setRemark}
          hint={name === "disposed" ? "Such as: autoclaved, solvent waste. Nothing follows it." : "May stay empty."}
        />
        <div>
          <Act
            look={name === "disposed" ? "danger" : "main"}
            size="form"
            submit
            busy={keep.isPending}
            disabledReason={missing}
          >
            {`${act.label} ${props.what}`}
          </Act>
        </div>
      </form>
    </Dialog>
  );
}

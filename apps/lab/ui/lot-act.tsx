import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Choice, Field } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { read, write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { qualityApi, type LotWhole } from "./instrument-types.ts";
import { labApi } from "./path.ts";
import type { WorksheetLine } from "./types.ts";

export type LotAsked = "opened" | "released" | "quarantined" | "rejected" | "take";
const words: Readonly<Record<LotAsked, { title: string; act: string; about: string; reason: boolean }>> = {
  opened: { title: "Open", act: "Open lot", about: "Its days after opening count from now.", reason: false },
  released: { title: "Release", act: "Release lot", about: "From now on results may be made with it.", reason: false },
  quarantined: {
    title: "Put into quarantine",
    act: "Put into quarantine",
    about: "Results made with it that are not verified yet are held from now on.",
    reason: true,
  },
  rejected: {
    title: "Reject",
    act: "Reject lot",
    about: "It stays on record and is not used again. Results made with it that are not verified yet are held.",
    reason: true,
  },
  take: {
    title: "Take or count",
    act: "Record",
    about: "A line is never changed: a wrong one is set right by counting.",
    reason: false,
  },
};

/** One act on a lot. */
export function LotAct(props: { asked: LotAsked | null; found: LotWhole; onClose: () => void; onDone: () => void }) {
  const { asked, found } = props;
  const [act, setAct] = useState<"used" | "disposed" | "counted">("used");
  const [quantity, setQuantity] = useState("");
  const [sheet, setSheet] = useState("");
  const [reason, setReason] = useState("");
  const sheets = useQuery({
    queryKey: ["lab-open-worksheets"],
    queryFn: () => read<{ items: WorksheetLine[] }>(labApi.worksheets({ state: "open", limit: 100 })),
    enabled: asked === "take",
  });
  const send = useMutation({
    mutationFn: () => {
      const why = reason.trim() === "" ? {} : { reason: reason.trim() };
      if (asked === "take")
        return write("POST", qualityApi.lot(found.id, "take"), {
          act,
          quantity: quantity.trim(),
          ...(act === "used" && sheet !== "" ? { worksheetId: sheet } : {}),
          ...(reason.trim() === "" ? {} : { purpose: reason.trim() }),
        });
      const decides = asked !== "opened" && (asked !== "quarantined" || found.may.includes("lab.lot.release"));
      return write("POST", qualityApi.lot(found.id, decides ? "decide" : "handle"), { act: asked, ...why });
    },
    onSuccess: props.onDone,
  });
  const said = asked === null ? null : words[asked];
  const missing =
    asked === "take"
      ? quantity.trim() === ""
        ? "Say how much."
        : reason.trim() === "" && (act !== "used" || sheet === "")
          ? act === "used"
            ? "Name the worksheet, or what else it was for."
            : "Say why."
          : undefined
      : said?.reason === true && reason.trim() === ""
        ? "Say why."
        : undefined;
  return (
    <Dialog open={asked !== null} onClose={props.onClose} title={`${said?.title ?? ""} · lot ${found.number}`}>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === undefined) send.mutate();
        }}
      >
        {send.isError && <ProblemNotice problem={asProblem(send.error)} />}
        <p className={page.muted}>{said?.about}</p>
        {asked === "take" && (
          <>
            <Choice
              name="take-act"
              label="What"
              value={act}
              options={[
                { value: "used", label: "Used" },
                { value: "disposed", label: "Disposed of" },
                { value: "counted", label: "Counted: this much is there" },
              ]}
              onChange={setAct}
            />
            <Field
              name="take-quantity"
              label={`Quantity, ${found.unit}`}
              value={quantity}
              onChange={setQuantity}
              hint={`On record are ${found.left} ${found.unit}.`}
            />
            {act === "used" && (
              <Choice
                name="take-sheet"
                label="For worksheet"
                value={sheet}
                options={[
                  { value: "", label: "None" },
                  ...(sheets.data?.items ?? []).map((each) => ({
                    value: each.id,
                    label: `${each.number}  ${each.title}`,
                  })),
                ]}
                onChange={setSheet}
              />
            )}
          </>
        )}
        <Field
          name="lot-reason"
          label={asked === "take" && act === "used" ? "What else for" : "Why"}
          value={reason}
          onChange={setReason}
        />
        <p>
          <Act look="main" size="form" submit busy={send.isPending} disabledReason={missing}>
            {said?.act ?? ""}
          </Act>
        </p>
      </form>
    </Dialog>
  );
}

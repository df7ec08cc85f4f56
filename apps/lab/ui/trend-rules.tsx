import { Act } from "@probity/web/kit/act.tsx";
import { announce } from "@probity/web/kit/announcer.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Choice, Field } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { read, write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import css from "./chart.module.css";
import { chartApi } from "./chart-types.ts";
import { refusedBecause } from "./words.ts";

type Rules = { deviations: 0 | 2 | 3 | 4; side: number; drift: number; least: number };
type Sets = {
  trend: { number: number; rules: Rules };
  items: { id: string; scope: string; number: number; rules: Rules; reason: string; at: string; by: string | null }[];
  may: string[];
};
const spreads = [
  { value: "0", label: "is not looked at" },
  { value: "2", label: "further than 2 spreads" },
  { value: "3", label: "further than 3 spreads" },
  { value: "4", label: "further than 4 spreads" },
] as const;

/** What a trend is hinted at by; another choice is another version, and hints are drawn anew by it. */
export function TrendRulesDialog({ onClose }: { onClose: () => void }) {
  const sets = useQuery({ queryKey: ["lab-rules"], queryFn: () => read<Sets>(chartApi.rules()) });
  const [changed, setChanged] = useState<Partial<Record<keyof Rules, string>>>({});
  const [why, setWhy] = useState("");
  const queries = useQueryClient();
  const inForce = sets.data?.trend;
  const textOf = (name: keyof Rules) => changed[name] ?? String(inForce?.rules[name] ?? "");
  const touched = Object.keys(changed).length > 0;
  const wrong =
    !isWhole(textOf("side"), 0, 30) || !isWhole(textOf("drift"), 0, 30) || !isWhole(textOf("least"), 5, 200)
      ? "Values on one side and in a drift are 0 to 30; the least is 5 to 200."
      : undefined;
  const save = useMutation({
    mutationFn: () =>
      write("POST", chartApi.rules(), {
        scope: "trend",
        rules: {
          deviations: Number(textOf("deviations")),
          side: Number(textOf("side")),
          drift: Number(textOf("drift")),
          least: Number(textOf("least")),
        },
        reason: why.trim(),
      }),
    onSuccess: async () => {
      announce("Rules for trends are in force.");
      await queries.invalidateQueries({ queryKey: ["lab-rules"] });
      await queries.invalidateQueries({ queryKey: ["lab-trend"] });
      onClose();
    },
  });
  const before = (sets.data?.items ?? []).filter(({ scope }) => scope === "trend");
  return (
    <Dialog open onClose={onClose} title="Rules for trends" size={560}>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (wrong === undefined && touched && why.trim() !== "") save.mutate();
        }}
      >
        <p className={page.muted}>
          A hint holds nothing: it says where to look. It is drawn from earlier values alone (Nelson, 1984), by the
          rules in force when one looks.
        </p>
        {sets.isError && <ProblemNotice problem={asProblem(sets.error)} />}
        {save.isError && <ProblemNotice problem={asProblem(save.error)} />}
        <Choice
          name="trend-deviations"
          label="A value apart from those before"
          value={spreads.find((each) => each.value === textOf("deviations"))?.value ?? "0"}
          options={spreads}
          onChange={(deviations) => setChanged({ ...changed, deviations })}
        />
        <Field
          name="trend-side"
          label="Values on one side of the mean"
          hint="0 is not looked at"
          value={textOf("side")}
          onChange={(side) => setChanged({ ...changed, side })}
        />
        <Field
          name="trend-drift"
          label="Values that only rise or fall"
          hint="0 is not looked at"
          value={textOf("drift")}
          onChange={(drift) => setChanged({ ...changed, drift })}
        />
        <Field
          name="trend-least"
          label="Values before any is judged"
          value={textOf("least")}
          onChange={(least) => setChanged({ ...changed, least })}
        />
        <Field name="trend-why" label="Because" value={why} onChange={setWhy} />
        <div>
          <Act
            look="main"
            size="form"
            submit
            busy={save.isPending}
            disabledReason={
              refusedBecause(sets.data?.may, "lab.chart.approve", "reviewers") ??
              (!touched ? "Nothing is touched." : (wrong ?? (why.trim() === "" ? "Other rules say why." : undefined)))
            }
          >
            Put these rules in force
          </Act>
        </div>
        {before.length === 0 && <p className={page.meta}>The usual rules are in force; nobody chose others yet.</p>}
        {before.length > 0 && (
          <ol className={css.notes}>
            {before.map((each) => (
              <li key={each.id}>
                v{each.number}, {each.by ?? "Probity"}, {showTime(each.at)}: “{each.reason}”{" "}
                <span className={page.meta}>
                  {each.rules.deviations} spreads, {each.rules.side} on one side, {each.rules.drift} in a drift, after{" "}
                  {each.rules.least} values
                </span>
              </li>
            ))}
          </ol>
        )}
      </form>
    </Dialog>
  );
}

function isWhole(text: string, least: number, most: number): boolean {
  return /^\d{1,3}$/.test(text.trim()) && Number(text) >= least && Number(text) <= most;
}

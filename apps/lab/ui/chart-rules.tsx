import { Act } from "@probity/web/kit/act.tsx";
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
import { chartApi, ruleWords, type ControlRules } from "./chart-types.ts";
import { refusedBecause } from "./words.ts";

const names = ["1-2s", "1-3s", "2-2s", "R-4s", "4-1s", "10x"] as const;
type Effect = "off" | "warn" | "reject";
type Sets = {
  control: { number: number; rules: ControlRules };
  items: { id: string; scope: string; number: number; reason: string; at: string; by: string | null }[];
  may: string[];
};

/** Which rules judge a run, and what each does; another choice is another version. */
export function RulesDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const sets = useQuery({ queryKey: ["lab-rules"], queryFn: () => read<Sets>(chartApi.rules()), enabled: open });
  const [changed, setChanged] = useState<Partial<Record<string, Effect>>>({});
  const [why, setWhy] = useState("");
  const queries = useQueryClient();
  const effectOf = (name: string): Effect => changed[name] ?? sets.data?.control.rules[name] ?? "off";
  const save = useMutation({
    mutationFn: () =>
      write("POST", chartApi.rules(), {
        scope: "control",
        rules: Object.fromEntries(
          names.flatMap((name) => (effectOf(name) === "off" ? [] : [[name, effectOf(name)] as const])),
        ),
        reason: why.trim(),
      }),
    onSuccess: async () => {
      setWhy("");
      setChanged({});
      await queries.invalidateQueries({ queryKey: ["lab-rules"] });
      await queries.invalidateQueries({ queryKey: ["lab-charts"] });
      onClose();
    },
  });
  const before = (sets.data?.items ?? []).filter(({ scope }) => scope === "control");
  return (
    <Dialog open={open} onClose={onClose} title="Rules for runs" size={560}>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (why.trim() !== "") save.mutate();
        }}
      >
        <p className={page.muted}>
          Judged over the runs of a lot and across the levels of one run (Westgard, 1981). Runs keep the rules they were
          judged by.
        </p>
        {save.isError && <ProblemNotice problem={asProblem(save.error)} />}
        {names.map((name) => (
          <Choice
            key={name}
            name={`rule-${name}`}
            label={`${name}: ${ruleWords[name] ?? ""}`}
            value={effectOf(name)}
            options={[
              { value: "reject", label: "refuses the run" },
              { value: "warn", label: "warns" },
              { value: "off", label: "is not looked at" },
            ]}
            onChange={(value) => setChanged({ ...changed, [name]: value })}
          />
        ))}
        <Field name="rules-why" label="Because" value={why} onChange={setWhy} />
        <div>
          <Act
            look="main"
            size="form"
            submit
            busy={save.isPending}
            disabledReason={
              refusedBecause(sets.data?.may, "lab.chart.approve", "reviewers") ??
              (why.trim() === "" ? "Other rules say why." : undefined)
            }
          >
            Put these rules in force
          </Act>
        </div>
        {before.length > 0 && (
          <ol className={css.notes}>
            {before.map((each) => (
              <li key={each.id}>
                v{each.number}, {each.by ?? "Probity"}, {showTime(each.at)}: “{each.reason}”
              </li>
            ))}
          </ol>
        )}
      </form>
    </Dialog>
  );
}

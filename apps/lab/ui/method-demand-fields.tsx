import { Choice, Field } from "@probity/web/kit/field.tsx";
import { read } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { useQuery } from "@tanstack/react-query";
import { qualityApi, type InstrumentList } from "./instrument-types.ts";
import css from "./master.module.css";
import type { Demand } from "./method-demand.ts";

const controlChoices = [
  { value: "0", label: "none" },
  ...["1", "2", "3", "4", "5"].map((value) => ({
    value,
    label: value === "1" ? "1 material" : `${value} materials`,
  })),
];
/** Fields for what holds a result back: what it is made with, who may make it, and what runs beside it. */
export function DemandFields({ demand, onChange }: { demand: Demand; onChange: (demand: Demand) => void }) {
  const known = useQuery({
    queryKey: ["lab-instrument-kinds"],
    queryFn: () => read<InstrumentList>(qualityApi.instruments()),
  });
  const kinds = known.data?.kinds ?? [];
  const put = (part: Partial<Demand>) => onChange({ ...demand, ...part });
  return (
    <section>
      <h2>Before a result is verified</h2>
      <p className={page.muted}>
        What is asked for here holds a result that lacks it. A new version begins with what the one before asks for.
      </p>
      <div className={css.asked}>
        <Field
          name="method-instruments"
          label="Instruments, by kind"
          hint={
            kinds.length === 0
              ? "By semicolon, such as balance; ph-meter"
              : `By semicolon. Here: ${kinds.slice(0, 6).join(", ")}`
          }
          value={demand.instruments}
          onChange={(instruments) => put({ instruments })}
        />
        <Field
          name="method-materials"
          label="Materials, by code"
          hint="By semicolon. A released lot of each is named."
          value={demand.materials}
          onChange={(materials) => put({ materials })}
        />
        <Choice
          name="method-controls"
          label="Controls a run"
          value={demand.controls}
          options={controlChoices}
          onChange={(controls) => put({ controls })}
        />
        {demand.controls !== "0" && (
          <Field
            name="method-quality-analytes"
            label="Controlled analytes, by key"
            hint="Empty: every number of the method"
            value={demand.analytes}
            onChange={(analytes) => put({ analytes })}
          />
        )}
      </div>
      <div className={css.checks}>
        {demand.controls !== "0" && (
          <label>
            <input
              type="checkbox"
              checked={demand.blank}
              onChange={(event) => put({ blank: event.currentTarget.checked })}
            />
            A blank runs beside the controls
          </label>
        )}
        <label>
          <input
            type="checkbox"
            checked={demand.training}
            onChange={(event) => put({ training: event.currentTarget.checked })}
          />
          Only people trained on this version enter its results
        </label>
      </div>
    </section>
  );
}

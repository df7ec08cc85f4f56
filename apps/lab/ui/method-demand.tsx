import { Choice, Field } from "@probity/web/kit/field.tsx";
import { read } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { useQuery } from "@tanstack/react-query";
import { qualityApi, sayKind, type InstrumentList } from "./instrument-types.ts";
import css from "./master.module.css";
import type { Definition } from "./master-types.ts";

/** What a version asks for before its results are verified, as it is typed. */
export type Demand = {
  instruments: string;
  materials: string;
  training: boolean;
  controls: string;
  blank: boolean;
  analytes: string;
};

const controlChoices = [
  { value: "0", label: "none" },
  ...["1", "2", "3", "4", "5"].map((value) => ({
    value,
    label: value === "1" ? "1 material" : `${value} materials`,
  })),
];
const split = (text: string) => [
  ...new Set(
    text
      .split(";")
      .map((each) => each.trim())
      .filter((each) => each !== ""),
  ),
];
const kindOf = (typed: string) => typed.toLowerCase().replaceAll(/\s+/g, "-");

/** What the version before asks for: a new one begins with it. */
export function demandOf(from: Definition | null): Demand {
  return {
    instruments: (from?.instruments ?? []).join("; "),
    materials: (from?.materials ?? []).join("; "),
    training: from?.training === true,
    controls: String(from?.quality?.controls ?? 0),
    blank: from?.quality?.blank === true,
    analytes: (from?.quality?.analytes ?? []).join("; "),
  };
}

/** A definition that asks for what is typed, and for nothing else. */
export function withDemand(definition: Definition, demand: Demand): Definition {
  const { instruments: _, materials: __, training: ___, quality: ____, ...rest } = definition;
  const kinds = [...new Set(split(demand.instruments).map(kindOf))];
  const [materials, analytes, controls] = [split(demand.materials), split(demand.analytes), Number(demand.controls)];
  return {
    ...rest,
    ...(kinds.length > 0 ? { instruments: kinds } : {}),
    ...(materials.length > 0 ? { materials } : {}),
    ...(demand.training ? { training: true } : {}),
    ...(controls > 0
      ? { quality: { controls, blank: demand.blank, ...(analytes.length > 0 ? { analytes } : {}) } }
      : {}),
  };
}

/** The same in words, one line each, for the list of what two versions differ in. */
export function linesOfDemand(definition: Definition): [string, string][] {
  const { instruments = [], materials = [], training, quality } = definition;
  const lines: [string, string | null][] = [
    ["Instruments", instruments.length === 0 ? null : instruments.map(sayKind).join(", ")],
    ["Materials", materials.length === 0 ? null : materials.join(", ")],
    ["Training", training === true ? "trained people alone enter" : null],
    [
      "Quality control",
      quality === undefined
        ? null
        : `${quality.controls === 1 ? "1 control" : `${quality.controls} controls`} a run${quality.blank ? ", a blank" : ""}${quality.analytes === undefined ? "" : `, of ${quality.analytes.join(", ")}`}`,
    ],
  ];
  return lines.flatMap(([name, said]): [string, string][] => (said === null ? [] : [[name, said]]));
}

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
      <h3>Before a result is verified</h3>
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

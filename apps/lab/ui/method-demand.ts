import { sayKind } from "./instrument-types.ts";
import type { MethodVersion } from "./types.ts";

type Definition = MethodVersion["definition"];

/** What a version asks for before its results are verified, as it is typed. */
export type Demand = {
  instruments: string;
  materials: string;
  training: boolean;
  controls: string;
  blank: boolean;
  analytes: string;
};

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

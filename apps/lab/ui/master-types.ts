import { linesOfDemand } from "./method-demand.ts";
import type { MethodVersion, Specification } from "./types.ts";

/** Versions as the API lists them, and what is typed into the editors. */
export interface Version {
  id: string;
  number: number;
  reason: string;
  madeAt: string;
  madeBy: string | null;
  madeById: string;
  effectiveOn: string | null;
  needsApproval: boolean;
  decision: string | null;
  decidedBy: string | null;
  decidedAt: string | null;
  decisionReason: string | null;
  standing: "in force" | "waiting" | "later" | "refused" | "superseded";
}
export type Definition = MethodVersion["definition"];
export type Limit = Specification["limits"][number];
export interface MethodLine extends Version {
  definition: Definition;
}
export interface LimitLine extends Version {
  limits: Limit[];
}

export const standingLook = {
  "in force": { tone: "covered", word: "in force" },
  waiting: { tone: "partial", word: "waits for approval" },
  later: { tone: "planned", word: "later" },
  refused: { tone: "gap", word: "refused" },
  superseded: { tone: "none", word: "superseded" },
} as const;

const demanded = new Set(["instruments", "materials", "training", "quality"]);
/** Lines of a definition, one fact each, in an order that stays: what two versions are compared by. */
export function linesOfDefinition(definition: Definition): [string, string][] {
  const { fields, analytes, reference, ...more } = definition;
  return [
    ["Reference", reference ?? "–"],
    ...fields.map((field): [string, string] => [`Interim ${field.key}`, `${field.name} ${field.unit}`.trim()]),
    ...analytes.flatMap((analyte): [string, string][] => [
      [`${analyte.key}`, `${analyte.name}, ${analyte.kind}${analyte.unit === "" ? "" : `, ${analyte.unit}`}`],
      [
        `${analyte.key} rounding`,
        analyte.decimals === null ? "as entered" : `${analyte.decimals} decimals, ${analyte.rule}`,
      ],
      ...(analyte.quantification
        ? [[`${analyte.key} quantified from`, analyte.quantification] satisfies [string, string]]
        : []),
      ...(analyte.detection ? [[`${analyte.key} detected from`, analyte.detection] satisfies [string, string]] : []),
      ...(analyte.uncertainty
        ? [
            [
              `${analyte.key} uncertainty`,
              `U = ${analyte.uncertainty.expanded}${analyte.uncertainty.relative ? " %" : ""}, k = ${analyte.uncertainty.coverage}`,
            ] satisfies [string, string],
          ]
        : []),
      ...(analyte.duplicate
        ? [
            [
              `${analyte.key} duplicates`,
              `one a run, at most ${analyte.duplicate.limit}${analyte.duplicate.difference === "relative" ? " % of their mean" : ` ${analyte.unit}`.trimEnd()} apart, as ${analyte.duplicate.compare === "rounded" ? "reported" : "entered"}`,
            ] satisfies [string, string],
          ]
        : []),
      ...(analyte.formula ? [[`${analyte.key} formula`, analyte.formula] satisfies [string, string]] : []),
      ...((analyte.choices ?? []).length > 0
        ? [[`${analyte.key} choices`, (analyte.choices ?? []).join(", ")] satisfies [string, string]]
        : []),
    ]),
    ...linesOfDemand(definition),
    ...Object.entries(more).flatMap(([name, value]): [string, string][] =>
      demanded.has(name) ? [] : [[name, JSON.stringify(value)]],
    ),
  ];
}

export function linesOfLimits(limits: readonly Limit[], nameOf: (methodId: string) => string): [string, string][] {
  return limits.map((limit) => [
    limit.analyte,
    [
      limit.low ? `${limit.lowOpen ? ">" : "≥"} ${limit.low}` : "",
      limit.high ? `${limit.highOpen ? "<" : "≤"} ${limit.high}` : "",
      limit.warnLow ? `warns below ${limit.warnLow}` : "",
      limit.warnHigh ? `warns above ${limit.warnHigh}` : "",
      (limit.texts ?? []).join(" or "),
      limit.compare === "rounded" ? "as reported" : "as entered",
      limit.decision ? `guard band ${limit.decision.factor} U` : "",
      nameOf(limit.methodId),
    ]
      .filter((part) => part !== "")
      .join(", "),
  ]);
}

export type Changed = { name: string; before: string | null; after: string | null };
/** What differs between two versions, line by line; what is the same is left out. */
export function compareLines(before: readonly [string, string][], after: readonly [string, string][]): Changed[] {
  const [old, fresh] = [new Map(before), new Map(after)];
  return [...new Set([...old.keys(), ...fresh.keys()])]
    .map((name) => ({ name, before: old.get(name) ?? null, after: fresh.get(name) ?? null }))
    .filter((line) => line.before !== line.after);
}

import { apiPath, page } from "@probity/web/shell/path.ts";
import type { Tone } from "@probity/web/kit/status.ts";

export type Outcome = "accepted" | "warned" | "refused" | "unclear";
export type Kind = "control" | "blank";
export type ControlRules = Readonly<Record<string, "warn" | "reject" | undefined>>;
export interface Rules {
  number: number;
  rules: ControlRules;
  words: string;
}

export interface ChartLine {
  id: string;
  version: number;
  methodId: string;
  method: string;
  methodTitle: string;
  analyte: string;
  name: string;
  unit: string;
  kind: Kind;
  material: string;
  lot: string;
  runs: number;
  expiresOn: string | null;
  state: "in-use" | "retired";
  points: number;
  frozen: number | null;
  proposed: number | null;
  outcome: Outcome | null;
  runAt: string | null;
}
export interface ChartList {
  items: ChartLine[];
  rules: Rules;
  may: string[];
}

export interface ChartLimits {
  id: string;
  version: number;
  number: number;
  source: "runs" | "certificate";
  mean: string | null;
  deviation: string | null;
  upper: string | null;
  basis: { results?: string[]; excluded?: { id: string; reason: string }[]; certificate?: string };
  state: "proposed" | "frozen" | "refused";
  reason: string;
  proposedBy: string | null;
  proposedById: string;
  proposedAt: string;
  decidedBy: string | null;
  decidedAt: string | null;
  decidedReason: string | null;
  broughtIn: boolean;
}
export interface ChartPoint {
  evaluationId: string;
  resultId: string;
  worksheetId: string;
  worksheet: string;
  at: string;
  by: string | null;
  text: string;
  value: number | null;
  qualifier: string | null;
  z: number | null;
  limitId: string | null;
  limitNumber: number | null;
  outcome: Outcome;
  violations: { rule: string; effect: "warn" | "reject" }[];
  earlier: { text: string; outcome: Outcome; at: string }[];
  changed: boolean;
  instruments: string[];
  notes: { id: string; kind: "comment" | "cause" | "action"; text: string; author: string; at: string }[];
}
export interface ControlChart extends Omit<ChartLine, "points" | "frozen" | "proposed" | "outcome" | "runAt"> {
  retiredReason: string | null;
  madeAt: string;
  madeBy: string | null;
  limits: ChartLimits[];
  rules: Rules;
  points: ChartPoint[];
  you: string;
  may: string[];
}

export const outcomeLook: Readonly<Record<Outcome, { tone: Tone; word: string }>> = {
  accepted: { tone: "covered", word: "in control" },
  warned: { tone: "partial", word: "warning" },
  refused: { tone: "gap", word: "refused" },
  unclear: { tone: "none", word: "not judged" },
};

/** What a rule means, in one sentence (Westgard, Clin Chem 27:493, 1981). */
export const ruleWords: Readonly<Record<string, string>> = {
  "1-2s": "one control beyond 2 s",
  "1-3s": "one control beyond 3 s",
  "2-2s": "two in a row beyond 2 s on one side",
  "R-4s": "two of one run more than 4 s apart, one beyond +2 s and one beyond −2 s",
  "4-1s": "four in a row beyond 1 s on one side",
  "10x": "ten in a row on one side of the mean",
  upper: "a blank above its limit",
};

export const chartRoute = {
  list: "/w/$ws/lab/charts",
  one: "/w/$ws/lab/charts/$id",
} as const;
export const chartPage = {
  list: (ws: string) => page.app(ws, "lab/charts"),
  one: (ws: string, id: string) => page.app(ws, `lab/charts/${encodeURIComponent(id)}`),
};
type Filters = Record<string, string | number | undefined>;
export const chartApi = {
  list: (values: Filters = {}) => apiPath("lab", ["charts"], values),
  one: (id: string, values: Filters = {}) => apiPath("lab", ["charts", id], values),
  act: (id: string, act: "limits" | "retire") => apiPath("lab", ["charts", id, act]),
  decide: (id: string) => apiPath("lab", ["chart-limits", id, "decide"]),
  note: (evaluationId: string) => apiPath("lab", ["control-evaluations", evaluationId, "notes"]),
  rules: () => apiPath("lab", ["rule-sets"]),
};

/** A number for people: as many digits as tell it apart. */
export function shortNumber(value: number | string | null, digits = 4): string {
  const number = Number(value);
  if (value === null || Number.isNaN(number)) return "–";
  return Number(number.toPrecision(digits)).toString();
}

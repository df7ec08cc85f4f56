import type { Told } from "./notice-setting.tsx";
import { apiPath, page } from "@probity/web/shell/path.ts";
import type { Tone } from "@probity/web/kit/status.ts";
import type { ResultLine } from "./types.ts";

export type InvestigationState = "phase-1" | "retest-planned" | "retest-approved" | "phase-2" | "concluded";
export type Conclusion = "laboratory-error" | "confirmed" | "inconclusive";
export type Answer = "in-order" | "deviation" | "not-applicable";

export interface InvestigationLine {
  id: string;
  number: string;
  state: InvestigationState;
  cause: "laboratory-error" | "none-found" | null;
  conclusion: Conclusion | null;
  capa: string | null;
  openedAt: string;
  concludedAt: string | null;
  sampleId: string;
  sample: string;
  lot: string | null;
  product: string;
  analyte: string;
  text: string | null;
  shown: string | null;
  unit: string;
}

export interface Investigation extends Omit<InvestigationLine, "analyte" | "text" | "shown" | "unit"> {
  version: number;
  notices: Told[];
  checklist: { question: string; answer: Answer; note: string }[] | null;
  causeText: string | null;
  hypothesis: string | null;
  retests: number | null;
  plan: string | null;
  plannedBy: string | null;
  approvedBy: string | null;
  approvedAt: string | null;
  rejectedReason: string | null;
  scope: string | null;
  conclusionText: string | null;
  noCapa: string | null;
  concludedBy: string | null;
  openedBy: string | null;
  sampleState: string;
  resultId: string;
  questions: { key: string; text: string }[];
  results: ResultLine[];
  own: { result: boolean; plan: boolean };
  may: string[];
}

export const stateWord: Readonly<Record<InvestigationState, { tone: Tone; word: string }>> = {
  "phase-1": { tone: "gap", word: "phase I" },
  "retest-planned": { tone: "partial", word: "plan to approve" },
  "retest-approved": { tone: "partial", word: "retesting" },
  "phase-2": { tone: "partial", word: "phase II" },
  concluded: { tone: "sealed", word: "concluded" },
};
export const conclusionWord: Readonly<Record<Conclusion, string>> = {
  "laboratory-error": "laboratory error",
  confirmed: "out of specification, confirmed",
  inconclusive: "inconclusive: stands as out of specification",
};

export const investigationRoute = {
  list: "/w/$ws/lab/investigations",
  one: "/w/$ws/lab/investigations/$id",
} as const;
export const investigationPage = {
  list: (ws: string) => page.app(ws, "lab/investigations"),
  one: (ws: string, id: string) => page.app(ws, `lab/investigations/${encodeURIComponent(id)}`),
};
export const investigationApi = {
  list: (values: Record<string, string | undefined> = {}) => apiPath("lab", ["investigations"], values),
  one: (id: string, act?: string) =>
    apiPath("lab", act === undefined ? ["investigations", id] : ["investigations", id, act]),
  open: (resultId: string) => apiPath("lab", ["results", resultId, "investigate"]),
};

import { apiPath, page } from "@probity/web/shell/path.ts";
import type { Tone } from "@probity/web/kit/status.ts";
import type { SampleState, Verdict } from "./types.ts";

export const stabilityRoute = {
  list: "/w/$ws/lab/studies",
  make: "/w/$ws/lab/new-study",
  one: "/w/$ws/lab/studies/$id",
  protocol: "/w/$ws/lab/studies/$id/protocol",
  schedules: "/w/$ws/lab/schedules",
} as const;
export const stabilityPage = {
  list: (ws: string) => page.app(ws, "lab/studies"),
  make: (ws: string) => page.app(ws, "lab/new-study"),
  one: (ws: string, id: string) => page.app(ws, `lab/studies/${encodeURIComponent(id)}`),
  protocol: (ws: string, id: string) => page.app(ws, `lab/studies/${encodeURIComponent(id)}/protocol`),
  schedules: (ws: string) => page.app(ws, "lab/schedules"),
  schedule: (ws: string, id: string) => page.app(ws, `lab/schedules?one=${encodeURIComponent(id)}`),
};
type Filters = Record<string, string | undefined>;
export const stabilityApi = {
  studies: (values: Filters = {}) => apiPath("lab", ["studies"], values),
  study: (id: string, act?: string) => apiPath("lab", act === undefined ? ["studies", id] : ["studies", id, act]),
  studyCsv: (id: string) => apiPath("lab", ["studies", id], { format: "csv" }),
  protocol: (id: string, act?: string) =>
    apiPath("lab", act === undefined ? ["study-protocols", id] : ["study-protocols", id, act]),
  pull: (id: string, act: "pull" | "omit") => apiPath("lab", ["study-pulls", id, act]),
  evaluation: (id: string, values: Record<string, string | number | undefined>) =>
    apiPath("lab", ["studies", id, "evaluation"], values),
  kept: (id: string, format: "json" | "csv") => apiPath("lab", ["study-evaluations", id], { format }),
  schedules: (values: Filters = {}) => apiPath("lab", ["schedules"], values),
  schedule: (id: string, act?: string) =>
    apiPath("lab", act === undefined ? ["schedules", id] : ["schedules", id, act]),
  preview: () => apiPath("lab", ["schedules", "preview"]),
};

export type ConditionKind = "initial" | "long-term" | "intermediate" | "accelerated";
export interface Condition {
  key: string;
  title: string;
  kind: ConditionKind;
  months: number[];
  units: number;
}
export interface Protocol {
  zone: string;
  keeping: "room" | "refrigerator" | "freezer";
  container: string;
  orientation: "upright" | "inverted" | "horizontal" | "none";
  windowBefore: number;
  windowAfter: number;
  assays: string[];
  batches: string[];
  conditions: Condition[];
}
export interface StudyLine {
  id: string;
  number: string;
  title: string;
  product: string;
  productCode: string;
  protocolNumber: number | null;
  protocolState: "draft" | "approved" | null;
  conditions: string[];
  planned: number;
  batches: number;
  pulls: number;
  done: number;
  deviations: number;
  overdue: number;
  nextOn: string | null;
  endsOn: string | null;
}
export interface Pull {
  id: string;
  version: number;
  months: number;
  units: number;
  state: "planned" | "pulled" | "omitted";
  deviation: "early" | "late" | "omitted" | null;
  reason: string | null;
  dueOn: string;
  opensOn: string;
  closesOn: string;
  pulledOn: string | null;
  pulledBy: string | null;
  broughtIn: boolean;
  condition: string;
  batch: string;
  sampleId: string | null;
  sample: string | null;
  sampleState: SampleState | null;
  verdict: Verdict | null;
}
export interface StudyResult {
  id: string;
  batch: string;
  condition: string;
  months: number;
  analyte: string;
  name: string;
  unit: string;
  text: string | null;
  reported: string | null;
  limit: string;
  verdict: Verdict | null;
  state: "open" | "entered" | "verified";
  numeric: boolean;
  sampleId: string;
}
export interface Study {
  id: string;
  version: number;
  number: string;
  title: string;
  product: string;
  productCode: string;
  productId: string;
  today: string;
  you: string;
  may: string[];
  specification: { id: string; code: string; title: string; number: number } | null;
  protocols: {
    id: string;
    version: number;
    number: number;
    state: "draft" | "approved";
    content: Protocol;
    reason: string;
    writtenById: string | null;
    writtenBy: string | null;
    approvedBy: string | null;
    approvedAt: string | null;
  }[];
  batches: {
    lot: string;
    startedOn: string;
    startedBy: string | null;
    protocol: number;
    storages: { condition: string; place: string; units: number; left: number }[];
  }[];
  pulls: Pull[];
  results: StudyResult[];
  evaluations: {
    id: string;
    number: number;
    analyte: string;
    condition: string;
    throughMonths: number;
    months: number | null;
    sha256: string;
    madeBy: string | null;
    madeAt: string;
  }[];
}
export interface Evaluation {
  refused: string[];
  until: number;
  curves: { batch: string; points: { x: number; mean: number; lower: number; upper: number }[] }[];
  content: {
    throughMonths: number;
    attribute: { analyte: string; name: string; unit: string; lower: string | null; upper: string | null };
    condition: { key: string; title: string; kind: ConditionKind };
    inputs: { batch: string; months: number; value: string; sample: string; resultId: string }[];
    significantChange: Record<
      "accelerated" | "intermediate",
      { shown: "no-change" | "change" | "missing"; findings: string[] }
    >;
    extrapolation: { covered: number; limit: number; why: string };
    result: {
      model: "separate" | "common-slope" | "pooled";
      why: string;
      confidence: number;
      degrees: number;
      lines: { batch: string; intercept: number; slope: number }[];
      crossing: { months: number | "none"; batch: string; reached: boolean };
      months: number | null;
      said: string;
    } | null;
  };
}

export type SlotState = "registered" | "part" | "missed" | "skipped" | "paused" | "coming" | "overdue";
export interface StripDay {
  on: string;
  dueAt: string;
  state: SlotState;
  late: boolean;
  reason: string | null;
  samples: { id: string; number: string; state: SampleState; verdict: Verdict | null; point: string | null }[];
}
export type Rhythm =
  | { kind: "days"; every: number }
  | { kind: "weekdays"; days: number[] }
  | { kind: "monthly"; day: number }
  | { kind: "quarterly"; month: number; day: number };
export interface ScheduleSaid {
  productId: string;
  specificationId: string;
  pointIds: string[];
  rhythm: Rhythm;
  zone: string;
  dueTime: string;
  fromOn: string;
  untilOn: string | null;
  aheadDays: number;
  graceMinutes: number;
  missed: "catch-up" | "mark";
}
export interface Schedule extends ScheduleSaid {
  id: string;
  name: string;
  number: number;
  running: boolean;
  reason: string;
  today: string;
  rhythmWords: string;
  product: string;
  specification: string;
  points: string[];
  strip: StripDay[];
  next: StripDay | null;
}

/** Colour and word of a pull: what is done, deviates, is open, overdue or to come. */
export function pullLook(pull: Pull, today: string): { tone: Tone; word: string } {
  if (pull.state === "omitted") return { tone: "none", word: "left out" };
  if (pull.state === "pulled")
    return pull.deviation === null
      ? { tone: "covered", word: "pulled in its window" }
      : { tone: "partial", word: `pulled ${pull.deviation}` };
  if (today > pull.closesOn) return { tone: "gap", word: "overdue" };
  if (today >= pull.opensOn) return { tone: "partial", word: "to pull now" };
  return { tone: "planned", word: "to come" };
}

/** The same of a day of a schedule. */
export function slotLook(day: StripDay): { tone: Tone; word: string } {
  const words: Readonly<Record<SlotState, { tone: Tone; word: string }>> = {
    registered: { tone: day.late ? "partial" : "covered", word: day.late ? "registered late" : "registered" },
    part: { tone: "partial", word: "registered in part" },
    missed: { tone: "gap", word: "missed" },
    skipped: { tone: "none", word: "skipped" },
    paused: { tone: "none", word: "paused" },
    coming: { tone: "planned", word: "to come" },
    overdue: { tone: "gap", word: "not registered yet" },
  };
  if (day.state === "registered" && day.samples.some(({ verdict }) => verdict === "out"))
    return { tone: "gap", word: "out of specification" };
  if (day.state === "registered" && day.samples.every(({ state }) => state === "verified" || state === "published"))
    return { tone: "covered", word: "verified" };
  return words[day.state];
}

export const kindWord: Readonly<Record<ConditionKind, string>> = {
  initial: "initial",
  "long-term": "long-term",
  intermediate: "intermediate",
  accelerated: "accelerated",
};

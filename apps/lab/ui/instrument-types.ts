import { apiPath, page } from "@probity/web/shell/path.ts";
import type { Tone } from "@probity/web/kit/status.ts";

export type InstrumentStatus = "in-service" | "due-soon" | "overdue" | "on-hold" | "retired";
export type Performed = "calibration" | "qualification" | "maintenance";

export interface Instrument {
  id: string;
  version: number;
  number: string;
  kind: string;
  name: string;
  make: string | null;
  model: string | null;
  serial: string | null;
  location: string | null;
  calibrationMonths: number | null;
  qualificationMonths: number | null;
  maintenanceMonths: number | null;
  faults: string[];
  due: { act: Performed; months: number | null; on: string | null }[];
  nextDue: Performed | null;
  nextDueOn: string | null;
  status: InstrumentStatus;
  hold: { reason: string; by: string; byId: string; at: string } | null;
}
export interface InstrumentList {
  items: Instrument[];
  kinds: string[];
  total: number;
  may: string[];
}
export interface InstrumentEvent {
  id: string;
  sequence: number;
  act: Performed | "hold" | "release" | "retire" | "return";
  performedOn: string | null;
  dueOn: string | null;
  outcome: "pass" | "adjusted" | "fail" | null;
  reference: string | null;
  provider: string | null;
  reason: string | null;
  by: string;
  byId: string;
  at: string;
}
export interface InstrumentWhole extends Instrument {
  events: InstrumentEvent[];
  uses: {
    worksheetId: string | null;
    worksheet: string | null;
    title: string | null;
    results: number;
    waiting: number;
    enteredAt: string | null;
  }[];
  you: string;
  may: string[];
}

export type LotStatus = "usable" | "due-soon" | "not-released" | "quarantined" | "expired" | "rejected";
export interface Lot {
  id: string;
  version: number;
  number: string;
  supplier: string;
  certificate: string;
  content: string | null;
  unit: string;
  receivedOn: string;
  expiresOn: string;
  afterOpeningDays: number | null;
  materialId: string;
  material: string;
  materialName: string;
  kind: string;
  storage: string | null;
  state: string;
  status: LotStatus;
  lastDay: string;
  openedAt: string | null;
  left: string;
  received: string;
}
export interface LotWhole extends Lot {
  events: { id: string; act: string; reason: string | null; by: string; byId: string; at: string }[];
  consumption: {
    id: string;
    act: "received" | "used" | "disposed" | "counted";
    quantity: string;
    left: string;
    worksheetId: string | null;
    worksheet: string | null;
    purpose: string | null;
    by: string;
    at: string;
  }[];
  you: string;
  may: string[];
}
export interface TraceLine {
  id: string;
  sampleId: string | null;
  sample: string | null;
  batch: string | null;
  product: string | null;
  worksheetId: string | null;
  worksheet: string | null;
  kind: string;
  determination: string;
  unit: string;
  value: string | null;
  state: string;
  verdict: "in" | "warn" | "out" | "unclear" | "none" | null;
  enteredAt: string | null;
  enteredBy: string | null;
}
export interface Material {
  id: string;
  version: number;
  code: string;
  name: string;
  kind: string;
  unit: string;
  afterOpeningDays: number | null;
  storage: string | null;
  reorderAt: number | null;
}
/** One version of a record, with what it changed. */
export interface Kept {
  version: number;
  at: string;
  reason: string | null;
  actor: { id: string; name: string | null };
  changes: { field: string; before: unknown; after: unknown }[];
}

export interface Training {
  id: string;
  version: number;
  personId: string;
  person: string;
  methodVersionId: string;
  methodId: string;
  methodVersion: number;
  method: string;
  title: string;
  way: "read" | "observed" | "examined";
  evidence: string;
  assessor: string;
  trainedAt: string;
  validUntil: string;
  revokedBy: string | null;
  revokedReason: string | null;
  status: "trained" | "due-soon" | "ended" | "revoked";
}
export interface TrainingMatrix {
  items: Training[];
  people: { id: string; name: string }[];
  methods: { id: string; methodId: string; code: string; number: number; title: string; required: boolean }[];
  you: string;
  may: string[];
}

export interface Setup {
  number: number;
  open: boolean;
  required: { instruments: string[]; materials: string[]; training: string[] };
  sets: {
    id: string;
    number: number;
    by: string;
    at: string;
    results: number;
    instrumentIds: string[];
    lotIds: string[];
  }[];
  instruments: Instrument[];
  lots: Lot[];
  may: string[];
}

export interface Override {
  id: string;
  resultId: string;
  gate: string;
  said: string;
  value: string;
  reason: string;
  state: "asked" | "confirmed" | "refused";
  askedBy: string;
  askedById: string;
  askedAt: string;
  decidedBy: string | null;
  decidedAt: string | null;
  decidedReason: string | null;
  determination: string;
  enteredById: string | null;
  sample: string | null;
  worksheet: string | null;
}
export interface HeldItem {
  resultId: string;
  gate: string;
  holds: { token: string; reason: string; reference: string | null }[];
  override: Override | null;
  passed: boolean;
  stale: boolean;
}
export interface Gates {
  gates: { name: string; title: string }[];
  items: HeldItem[];
  overrides: Override[];
  you: string;
  may: string[];
}

const app = "lab";
type Filters = Record<string, string | number | undefined>;
export const qualityRoute = {
  instruments: "/w/$ws/lab/instruments",
  instrument: "/w/$ws/lab/instruments/$id",
  materials: "/w/$ws/lab/materials",
  lot: "/w/$ws/lab/lots/$id",
  training: "/w/$ws/lab/training",
} as const;
export const qualityPage = {
  instruments: (ws: string) => page.app(ws, `${app}/instruments`),
  instrument: (ws: string, id: string) => page.app(ws, `${app}/instruments/${encodeURIComponent(id)}`),
  materials: (ws: string) => page.app(ws, `${app}/materials`),
  lot: (ws: string, id: string) => page.app(ws, `${app}/lots/${encodeURIComponent(id)}`),
  training: (ws: string) => page.app(ws, `${app}/training`),
};
export const qualityApi = {
  instruments: (values: Filters = {}) => apiPath(app, ["instruments"], values),
  instrument: (id: string, act?: string) =>
    apiPath(app, act === undefined ? ["instruments", id] : ["instruments", id, act]),
  instrumentCsv: (id: string) => apiPath(app, ["instruments", id], { format: "csv" }),
  lotCsv: (id: string) => apiPath(app, ["lots", id], { format: "csv" }),
  materials: () => apiPath(app, ["materials"], { limit: 200, sort: "code" }),
  material: (id?: string, act?: "history") =>
    apiPath(app, id === undefined ? ["materials"] : act === undefined ? ["materials", id] : ["materials", id, act]),
  lots: (values: Filters = {}) => apiPath(app, ["lots"], values),
  lot: (id: string, act?: string) => apiPath(app, act === undefined ? ["lots", id] : ["lots", id, act]),
  trace: (id: string, format?: "csv") => apiPath(app, ["lots", id, "trace"], { format }),
  trainings: (values: Filters = {}) => apiPath(app, ["trainings"], values),
  revoke: (id: string) => apiPath(app, ["trainings", id, "revoke"]),
  setup: (worksheet: string) => apiPath(app, ["worksheets", worksheet, "setup"]),
  correct: () => apiPath(app, ["results", "setup"]),
  used: (result: string) => apiPath(app, ["results", result, "used"]),
  gates: (of: { worksheet?: string; sample?: string }) => apiPath(app, ["gates"], of),
  overrides: () => apiPath(app, ["overrides"]),
  decide: () => apiPath(app, ["overrides", "decide"]),
};

export const instrumentLook: Readonly<Record<InstrumentStatus, { tone: Tone; word: string }>> = {
  "in-service": { tone: "covered", word: "in service" },
  "due-soon": { tone: "partial", word: "due soon" },
  overdue: { tone: "gap", word: "overdue" },
  "on-hold": { tone: "gap", word: "on hold" },
  retired: { tone: "none", word: "retired" },
};
export const lotLook: Readonly<Record<LotStatus, { tone: Tone; word: string }>> = {
  usable: { tone: "covered", word: "usable" },
  "due-soon": { tone: "partial", word: "ends soon" },
  "not-released": { tone: "planned", word: "not released" },
  quarantined: { tone: "gap", word: "quarantine" },
  expired: { tone: "gap", word: "expired" },
  rejected: { tone: "none", word: "rejected" },
};
export const trainingLook: Readonly<Record<Training["status"], { tone: Tone; word: string }>> = {
  trained: { tone: "covered", word: "trained" },
  "due-soon": { tone: "partial", word: "ends soon" },
  ended: { tone: "gap", word: "ended" },
  revoked: { tone: "gap", word: "revoked" },
};
export const performedWord: Readonly<Record<Performed, string>> = {
  calibration: "Calibration",
  qualification: "Qualification",
  maintenance: "Maintenance",
};
export const outcomeWord = {
  pass: { tone: "covered", word: "passed" },
  adjusted: { tone: "partial", word: "adjusted" },
  fail: { tone: "gap", word: "failed" },
} as const satisfies Record<string, { tone: Tone; word: string }>;

/** `ph-meter` is a pH meter. */
export function sayKind(kind: string): string {
  const words = kind.replaceAll("-", " ");
  return words.replace(/^ph\b/, "pH").replace(/^(hplc|toc|uv|gc)\b/, (word) => word.toUpperCase());
}
/** What is wrong with an instrument now, in words. */
export function sayFault(fault: string): string {
  if (fault === "on-hold") return "on hold";
  if (fault === "retired") return "retired";
  const [what = "", act = ""] = fault.split("-");
  return what === "no" ? `no ${act} on record` : `${act} ${what === "failed" ? "failed" : "has run out"}`;
}

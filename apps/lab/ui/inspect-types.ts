import type { Outcome } from "./chart-types.ts";
import type { InstrumentStatus, Performed } from "./instrument-types.ts";
import type { Story, Verification } from "./types.ts";

/** Shapes of the overview, reviews and evidence, as the screens read them. */

export interface Month {
  month: string;
  results: number;
  out: number;
  samples: number;
  median: number | null;
  most: number | null;
}
export interface Overview {
  today: string;
  counts: {
    registered: number;
    received: number;
    tested: number;
    verified: number;
    late: number;
    late_tested: number;
    investigations: number;
    unlocked: number;
  } | null;
  products: { productId: string; product: string; samples: number; median: number | null; most: number | null }[];
  months: Month[];
  backlog: { age: "day" | "week" | "older"; samples: number }[];
  charts: { id: string; name: string; outcome: Outcome; at: string }[];
  review: ReviewDue;
  instruments: {
    counts: Record<InstrumentStatus, number>;
    total: number;
    attention: {
      id: string;
      number: string;
      name: string;
      status: InstrumentStatus;
      nextDue: Performed | null;
      nextDueOn: string | null;
      holdReason: string | null;
    }[];
  };
}
export interface ReviewDue {
  reviewedTo: string | null;
  everyDays: number;
  overdue: boolean;
}

export interface ReviewLine {
  id: string;
  version: number;
  title: string;
  fromAt: string;
  toAt: string;
  worksheet: string | null;
  worksheetId: string | null;
  dueOn: string;
  openedAt: string;
  openedBy: string | null;
  locked: boolean;
  concludedBy: string | null;
  concludedAt: string | null;
  meaning: string | null;
  seen: number;
  overdue: boolean;
}
export interface ReviewItem {
  kinds: string[];
  action: string;
  record: string;
  rowId: string;
  rowVersion: number;
  at: string;
  by: string;
  byId: string;
  leaf: number;
  what: string;
  sampleId: string | null;
  before: string | null;
  after: string | null;
  reason: string | null;
  mark: { note: string | null; by: string; at: string } | null;
}
export interface Review extends Omit<ReviewLine, "seen" | "concludedBy" | "concludedAt" | "meaning" | "overdue"> {
  hours: string;
  items: ReviewItem[];
  you: string;
  may: string[];
}

export interface Principle {
  key: string;
  title: string;
  asks: string;
  standing: "shown" | "partly" | "missing";
  facts: Fact[];
}
export interface Fact {
  label: string;
  value: string;
  opens?: { kind: "instrument" | "lot" | "training" | "worksheet" | "events" | "result"; id: string };
}
export interface Evidence {
  story: Story;
  principles: Principle[];
  verifications: Verification[];
  checkpoint: number;
  covered: boolean;
  mayExport: boolean;
}

export interface FamilyNode {
  id: string;
  kind: string;
  title: string;
  detail: string;
  state: string | null;
  opens: string | null;
}
export interface Family {
  nodes: FamilyNode[];
  edges: { from: string; to: string; words: string }[];
}

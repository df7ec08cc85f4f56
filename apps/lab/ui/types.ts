import type { Told } from "./notice-setting.tsx";

/** Shapes of the laboratory API, as the screens read them. */

export type SampleState = "registered" | "received" | "tested" | "verified" | "published" | "cancelled";
export type Verdict = "in" | "warn" | "conditional" | "out" | "unclear" | "none";

export interface SampleLine {
  id: string;
  version: number;
  number: string;
  state: SampleState;
  verdict: Verdict | null;
  priority: "routine" | "urgent";
  lot: string | null;
  place: string | null;
  sampledAt: string | null;
  receivedAt: string | null;
  dueOn: string | null;
  product: string;
  productCode: string;
  point: string | null;
  pointName: string | null;
  results: number;
  entered: number;
  verified: number;
}

/** How you verify here: by signature, with a fresh proof, or not at all. */
export type VerifyBy = "signature" | "step-up" | "refused";

/** One act of verification over some of these results, as it is printed beside them. */
export interface Verification {
  id: string;
  way: "signature" | "step-up";
  at: string;
  by: string | null;
  signature: { printedName: string; meaning: string; signedAt: string; recordHash: string } | null;
  results: number;
  standing: number;
  of: string;
}

export interface InterimField {
  key: string;
  name: string;
  unit: string;
}

export interface ResultLine {
  id: string;
  version: number;
  kind: "sample" | "blank" | "control" | "duplicate";
  position: number | null;
  analyte: string;
  name: string;
  unit: string;
  input: "number" | "text" | "calculated";
  choices: string[];
  fields: InterimField[];
  method: { code: string; number: number; title: string };
  attempt: number;
  replacesId: string | null;
  worksheetId: string | null;
  /** Beside it, those struck out not counted. */
  files: number;
  state: "open" | "entered" | "verified" | "retested" | "cancelled";
  text: string | null;
  interim: Record<string, string>;
  reported: string | null;
  limit: string;
  verdict: Verdict | null;
  words: string | null;
  /** The decision rule where it is not simple acceptance; empty where it is. */
  rule: string;
  /** Its guard band in short. */
  guard: string;
  reason: string | null;
  enteredAt: string | null;
  enteredBy: string | null;
  enteredById: string | null;
  verifiedAt: string | null;
  verifiedBy: string | null;
  broughtIn: boolean;
  sample?: string | null;
  sampleId?: string | null;
  product?: string | null;
  point?: string | null;
  priority?: string | null;
}

export interface Sample extends Omit<SampleLine, "results" | "entered" | "verified"> {
  remark: string | null;
  condition: string | null;
  productId: string;
  pointId: string | null;
  customerId: string | null;
  sampledBy: string | null;
  receivedBy: string | null;
  verifiedAt: string | null;
  publishedAt: string | null;
  broughtIn: boolean;
  registeredAt: string;
  registeredBy: string | null;
  specificationId: string | null;
  specification: string | null;
  specificationNumber: number | null;
  blinded: boolean;
  study: string | null;
  studyId: string | null;
  studyCondition: string | null;
  studyMonths: number | null;
  importedFrom: string | null;
  importedHash: string | null;
  leaf: number | null;
  you: string;
  may: string[];
  verifications: Verification[];
  verifyBy: VerifyBy;
  results: ResultLine[];
  custody: {
    id: string;
    act: string;
    place: string | null;
    holder: string | null;
    remark: string | null;
    at: string;
    by: string | null;
  }[];
  unlocks: { id: string; reason: string; at: string; by: string | null }[];
  corrections: {
    id: string;
    reason: string;
    at: string;
    by: string | null;
    changes: { field: string; before: string | null; after: string | null }[];
  }[];
  publications: {
    id: string;
    number: number;
    publisher: string;
    at: string;
    evaluations: { specification: string; number: number; verdict: Verdict }[];
  }[];
}

export interface WorksheetLine {
  id: string;
  version: number;
  number: string;
  title: string;
  state: "open" | "verified";
  createdAt: string;
  madeBy: string | null;
  total: number;
  entered: number;
  out: number;
}
export interface Worksheet extends WorksheetLine {
  rows: ResultLine[];
  you: string;
  may: string[];
  verifications: Verification[];
  verifyBy: VerifyBy;
}

export interface Waiting {
  id: string;
  name: string;
  unit: string;
  analyte: string;
  attempt: number;
  methodId: string;
  method: string;
  methodTitle: string;
  sample: string;
  priority: string;
  dueOn: string | null;
  product: string;
}

export interface SavedRow {
  id: string;
  version: number;
  text: string;
  reported: string;
  verdict: Verdict;
  words: string;
  state: "entered";
}

export interface Story extends ResultLine {
  notices: Told[];
  worksheet: string | null;
  file: { name: string; sha256: string; encoding: string } | null;
  original: { text: string; by: string; at: string } | null;
  attempts: {
    id: string;
    attempt: number;
    text: string | null;
    state: string;
    verdict: Verdict | null;
    reason: string | null;
  }[];
  versions: {
    version: number;
    at: string;
    by: string;
    act: string;
    text: string | null;
    before: string | null;
    interim: Record<string, string> | null;
    reason: string | null;
    source: string | null;
    leaf: number | null;
  }[];
}

export interface Bench {
  /** The server's day. */
  today: string;
  counts: {
    registered: number;
    received: number;
    tested: number;
    late: number;
    today: number;
    out: number;
    urgent: number;
  };
  due: {
    id: string;
    number: string;
    state: SampleState;
    verdict: Verdict | null;
    priority: string;
    dueOn: string | null;
    product: string;
    point: string | null;
  }[];
  out: {
    id: string;
    name: string;
    text: string;
    unit: string;
    state: string;
    attempt: number;
    enteredAt: string | null;
    enteredBy: string | null;
    sampleId: string;
    number: string;
    product: string;
  }[];
  methods: { id: string; code: string; title: string; open: number; dueOn: string | null }[];
  weeks: { week: string; samples: number; out: number; hours: number | null }[];
}

export interface MethodVersion {
  id: string;
  methodId: string;
  number: number;
  code: string;
  title: string;
  definition: {
    reference?: string;
    fields: InterimField[];
    analytes: {
      key: string;
      name: string;
      unit: string;
      kind: string;
      decimals: number | null;
      rule: string;
      quantification?: string | null;
      detection?: string | null;
      uncertainty?: { expanded: string; relative: boolean; coverage: string } | null;
      duplicate?: { difference: "absolute" | "relative"; limit: string; compare: "entered" | "rounded" } | null;
      choices?: string[];
      formula?: string | null;
    }[];
    instruments?: string[];
    materials?: string[];
    training?: boolean;
    quality?: { controls: number; blank: boolean; analytes?: string[] };
  };
}
export interface Specification {
  id: string;
  specificationId: string;
  productId: string;
  number: number;
  code: string;
  title: string;
  limits: {
    methodId: string;
    analyte: string;
    low?: string | null;
    lowOpen?: boolean;
    high?: string | null;
    highOpen?: boolean;
    warnLow?: string | null;
    warnHigh?: string | null;
    texts?: string[];
    compare: string;
    decision?: { rule: "guarded"; factor: string } | null;
  }[];
}
export interface Named {
  id: string;
  code: string;
  name: string;
  kind?: string;
  location?: string | null;
}

export interface Preview {
  encoding: string;
  delimiter: string;
  head: string[];
  fields: { key: string; title: string; required: boolean }[];
  mapping: { columns: Record<string, number>; decimal: "point" | "comma" };
  total: number;
  good: number;
  /** Rows that come in where none is wrong. */
  coming: number;
  rows: string[][];
  /** Their lines in the file. */
  lines: number[];
  errors: RowFault[];
  errorCount: number;
  told: ImportTold | null;
  source: string | null;
  sources: string[];
  formulas: number;
}
/** How many rows of each kind a file of results holds, and what was skipped. */
export interface ImportTold {
  sample: number;
  blank: number;
  control: number;
  duplicate: number;
  interim: number;
  standards: number;
  same: number;
}
export interface RowFault {
  row: number;
  line: number;
  column: string;
  why: string;
}
/** A file that was sent, and what became of it. */
export interface SentFile {
  id: string;
  version: number;
  fileName: string;
  sha256: string;
  encoding: string;
  source: string | null;
  state: "waiting" | "done" | "refused" | "cancelled";
  total: number;
  imported: number;
  errorCount: number;
  errors?: RowFault[] | null;
  told: ImportTold | null;
  refusal: string | null;
  reportBlobId: string | null;
  jobId: string | null;
  jobState: string | null;
  at: string;
  by: string | null;
}

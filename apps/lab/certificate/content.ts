import type { Evaluation } from "../actions/publish.ts";
import type { Template } from "./template.ts";

/** One determination as the certificate tells it: what was entered, who and by which method. */
export type CertifiedResult = {
  readonly name: string;
  readonly unit: string;
  readonly method: string;
  readonly entered: string;
  readonly reported: string;
  /** Expanded uncertainty with its coverage, where the method declares one. */
  readonly uncertainty: string | null;
  readonly enteredAt: string | null;
  readonly verifiedAt: string | null;
  /** Determinations that were repeated: never left out. */
  readonly repeated: readonly { readonly entered: string; readonly verdict: string; readonly reason: string | null }[];
};

/** What was out of specification, and what its investigation came to. */
export type CertifiedInvestigation = {
  readonly number: string;
  readonly analyte: string;
  readonly original: string;
  readonly unit: string;
  readonly cause: string | null;
  readonly conclusion: string;
  readonly conclusionText: string;
  readonly retests: number;
  readonly corrective: string;
  readonly concludedAt: string | null;
};

/** A gate that a result was verified against the answer of: two people said why, and both are named. */
export type CertifiedOverride = {
  readonly analyte: string;
  readonly entered: string;
  readonly gate: string;
  /** What held the result, in the words that were shown to who decided. */
  readonly held: string;
  readonly reason: string;
  readonly askedBy: string;
  readonly askedAt: string;
  readonly confirmedBy: string;
  readonly confirmedAt: string | null;
  readonly remark: string | null;
};

/** Everything a certificate says. It is kept as it was prepared, and is what a signature stands for. */
export type CertificateContent = {
  readonly v: "1";
  readonly number: string;
  readonly preparedAt: string;
  readonly template: Template & { readonly name: string; readonly version: number };
  readonly customer: { readonly name: string; readonly address: string | null } | null;
  readonly sample: {
    readonly number: string;
    readonly product: string;
    readonly productCode: string;
    readonly lot: string | null;
    readonly point: string | null;
    readonly sampledAt: string | null;
    readonly sampledBy: string | null;
    readonly receivedAt: string | null;
    readonly condition: string | null;
  };
  readonly publication: { readonly number: number; readonly at: string; readonly publisher: string };
  readonly evaluations: readonly Evaluation[];
  readonly results: readonly CertifiedResult[];
  readonly investigations: readonly CertifiedInvestigation[];
  /** Of a certificate prepared before these were told there are none. */
  readonly overrides?: readonly CertifiedOverride[];
  readonly amends: {
    readonly number: string;
    readonly issuedAt: string;
    readonly reason: string;
    readonly changes: readonly string[];
  } | null;
  /** Who signed it where it was issued before it was brought in; no signature of this instance stands for it. */
  readonly stated?: { readonly by: string; readonly role: string; readonly at: string };
};

/** Stored content: what the server itself wrote. */
export function isContent(kept: unknown): kept is CertificateContent {
  return (
    typeof kept === "object" &&
    kept !== null &&
    Reflect.get(kept, "v") === "1" &&
    Array.isArray(Reflect.get(kept, "evaluations")) &&
    typeof Reflect.get(kept, "template") === "object"
  );
}

export function readContent(kept: unknown): CertificateContent {
  if (!isContent(kept)) throw new Error("A certificate's content is not of its shape");
  return kept;
}

/** What differs between what was certified before and what is certified now, a line each. */
export function changesBetween(before: CertificateContent, now: Omit<CertificateContent, "amends">): string[] {
  const changes: string[] = [];
  const was = new Map(before.results.map((each) => [each.name, each]));
  for (const each of now.results) {
    const old = was.get(each.name);
    was.delete(each.name);
    if (old === undefined) changes.push(`${each.name}: added, ${each.entered} ${each.unit}`.trimEnd());
    else if (old.entered !== each.entered) {
      // As it is reported; as it was entered where that alone tells them apart.
      const alike = old.reported === each.reported;
      const [after, before] = alike ? [each.entered, old.entered] : [each.reported, old.reported];
      changes.push(`${each.name}: ${after} ${each.unit} instead of ${before}`.replaceAll(/\s+/g, " "));
    }
  }
  for (const gone of was.keys()) changes.push(`${gone}: no longer told`);
  const verdicts = new Map(before.evaluations.map((each) => [each.specification, each]));
  for (const each of now.evaluations) {
    const old = verdicts.get(each.specification);
    if (old === undefined) changes.push(`Also held against ${each.specification}, version ${each.number}`);
    else if (old.verdict !== each.verdict)
      changes.push(`${each.specification}: ${verdictWords[each.verdict]} instead of ${verdictWords[old.verdict]}`);
  }
  for (const [name, old] of Object.entries({ Lot: before.sample.lot, Customer: before.customer?.name ?? null })) {
    const current = name === "Lot" ? now.sample.lot : (now.customer?.name ?? null);
    if (old !== current) changes.push(`${name}: ${current ?? "none"} instead of ${old ?? "none"}`);
  }
  return changes;
}

/** How a verdict is said to a customer. */
export const verdictWords = {
  in: "complies",
  warn: "complies, beyond the warning limit",
  conditional: "complies, within the guard band",
  out: "does not comply",
  unclear: "not decided",
  none: "no limit",
} as const;

/** How one line's conformity is said: under a guard band by what was decided (ILAC-G8:09/2019, 4.2.3). */
export function sayConformity({ verdict, decision }: Pick<Line, "verdict" | "decision">): string {
  if (decision === "conditional-pass") return "conditional pass: within the guard band";
  if (decision === "conditional-fail") return "conditional fail: beyond the limit, within the guard band";
  return verdictWords[verdict];
}
type Line = Evaluation["lines"][number];

/** By which rule conformity was decided, said once for an evaluation (ISO/IEC 17025:2017, 7.8.6.2). */
export function sayRules({ lines }: Pick<Evaluation, "lines">): string {
  const simple = "simple acceptance: the limit itself decides, w = 0 (ILAC-G8:09/2019, 4.2.1)";
  if (lines.every((each) => each.rule === undefined)) return `Decision rule: ${simple}.`;
  const rest = lines.some((each) => each.rule === undefined) ? ` Other lines: ${simple}.` : "";
  return `Decision rule where a guard band is named: guarded acceptance, w inside each end of the limit, U the expanded uncertainty (ILAC-G8:09/2019, 4.2.3; JCGM 106:2012, 8.3.2). Pass: clear of the band. Conditional: within it, on either side of the limit.${rest}`;
}

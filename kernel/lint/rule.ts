/** `isolation`: a tenant could see another's rows, so the server does not start. `degrades`: a control is weaker than stated. */
export type Severity = "isolation" | "degrades";

/** One thing the judge looks for in the catalogue of the running database. */
export interface Rule {
  readonly id: string;
  readonly title: string;
  /** What goes wrong where this fires. */
  readonly why: string;
  /** What to do about it. */
  readonly fix: string;
  readonly severity: Severity;
  /**
   * One query over the catalogue and over the named parts of `catalogue.ts`. Returns (object text, detail text), one row a
   * violation. $1 is the JSON of the record declarations, or null when there are none to compare with.
   */
  readonly sql: string;
}

/** One step of `npm run check`. */
export interface Step {
  readonly name: string;
  /** Returns what is wrong, one line each (`path:line: what`); nothing when all is well. */
  readonly run: (root: string) => Promise<string[]>;
}

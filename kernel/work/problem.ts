/**
 * An error with public text from a catalogue (RFC 9457). `detail` may be shown to the caller; `cause` never is.
 * Anything thrown that is no Problem becomes one opaque 500.
 */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Further public members of the problem document, such as the fields in error. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(entry: CatalogueEntry & { code: string }, options: ProblemOptions = {}) {
    super(entry.code, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = entry.code;
    this.status = entry.status;
    this.title = entry.title;
    this.detail = fill(entry.detail, options.values ?? {});
    this.headers = options.headers ?? {};
    this.members = options.members ?? {};
  }
}

export type CatalogueEntry = {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
};
export type ProblemOptions = {
  readonly values?: Readonly<Record<string, string | number>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly members?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
};

/** One error catalogue: `problems.collection_unknown()` makes the Problem to throw. */
export type Catalogue<Codes extends string> = {
  readonly [Code in Codes]: (options?: ProblemOptions) => Problem;
};

const everyEntry = new Map<string, CatalogueEntry>();

/**
 * Declares the errors of one part of the product. Texts read: what happened; what is safe; what to do. Names in braces
 * are filled from `values`. Codes are unique over the whole product.
 */
export function defineErrors<const Codes extends string>(
  scope: string,
  entries: Record<Codes, CatalogueEntry>,
): Catalogue<Codes> {
  const made: Partial<Record<Codes, (options?: ProblemOptions) => Problem>> = {};
  for (const name of keysOf(entries)) {
    const code = `${scope}.${name}`;
    if (everyEntry.has(code)) throw new Error(`Error code ${code} is declared twice`);
    everyEntry.set(code, entries[name]);
    made[name] = (options) => new Problem({ ...entries[name], code }, options);
  }
  if (!isComplete(made, entries)) throw new Error(`Catalogue ${scope} is incomplete`);
  return made;
}

/** Every code the product can answer with, for the docs and their test. */
export function errorCatalogue(): ReadonlyMap<string, CatalogueEntry> {
  return everyEntry;
}

function keysOf<Codes extends string>(entries: Record<Codes, CatalogueEntry>): Codes[] {
  return Object.keys(entries).filter((key): key is Codes => key in entries);
}
function isComplete<Codes extends string>(
  made: Partial<Record<Codes, (options?: ProblemOptions) => Problem>>,
  entries: Record<Codes, CatalogueEntry>,
): made is Record<Codes, (options?: ProblemOptions) => Problem> {
  return keysOf(entries).every((key) => made[key] !== undefined);
}
function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replaceAll(/\{([a-zA-Z]+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

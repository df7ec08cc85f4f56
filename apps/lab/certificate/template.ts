import { Type, type Static } from "typebox";
import { Value } from "typebox/value";

const line = (maxLength: number) => Type.String({ maxLength, pattern: "^[^\\p{Cc}]*$" });

/** How certificates look and read; columns are those beside the test and its result. There is no picture in it: the seal says whose it is. */
export const templateSchema = Type.Object(
  {
    title: Type.String({ minLength: 1, maxLength: 80 }),
    laboratory: Type.String({ minLength: 1, maxLength: 120 }),
    address: Type.Array(line(120), { maxItems: 6 }),
    columns: Type.Array(
      Type.Union([
        Type.Literal("method"),
        Type.Literal("unit"),
        Type.Literal("limit"),
        Type.Literal("uncertainty"),
        Type.Literal("verdict"),
      ]),
      { maxItems: 5, uniqueItems: true },
    ),
    statements: Type.Array(Type.String({ minLength: 1, maxLength: 1000 }), { maxItems: 10 }),
    /** How decimals are written: 7.24 or 7,24. */
    decimalMark: Type.Union([Type.Literal("."), Type.Literal(",")]),
    zone: Type.String({ maxLength: 60, pattern: "^[A-Za-z_+/-]+[0-9]*$" }),
    /** Whoever verified all results alone does not sign. */
    fourEyes: Type.Boolean(),
  },
  { additionalProperties: false },
);
export type Template = Static<typeof templateSchema>;

/** What a workspace begins with. */
export const standardTemplate: Template = {
  title: "Certificate of analysis",
  laboratory: "Quality control laboratory",
  address: [],
  columns: ["method", "unit", "limit", "uncertainty", "verdict"],
  statements: [
    "The results relate only to the sample tested, as it was received.",
    "This certificate is not reproduced except in full without the laboratory’s approval in writing.",
    "Conformity is judged by the decision rule of each limit: the entered or the rounded value is compared, as the specification’s version says.",
  ],
  decimalMark: ".",
  zone: "UTC",
  fourEyes: true,
};

/** A stored template: what the server itself wrote after checking it. */
export function readTemplate(kept: unknown): Template {
  if (!Value.Check(templateSchema, kept)) throw new Error("A certificate's template is not of its shape");
  return kept;
}

/** What is wrong with a template, or null. */
export function templateFault({ zone }: Template): string | null {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone === ""
      ? "The time zone is unknown."
      : null;
  } catch {
    return `The time zone ${zone} is unknown.`;
  }
}

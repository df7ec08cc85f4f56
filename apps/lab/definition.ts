import { Type, type Static } from "typebox";
import { Value } from "typebox/value";
import { readDecimal } from "./calc/decimal.ts";
import { ruleFault } from "./calc/guard.ts";
import { FormulaError, namesOf, readExpression } from "./calc/expression.ts";

const key = Type.String({ pattern: "^[a-z][a-zA-Z0-9_]{0,39}$" });
const decimalText = Type.String({ pattern: "^-?[0-9]{1,18}(\\.[0-9]{1,18})?$" });
const optionalText = Type.Optional(Type.Union([decimalText, Type.Null()]));
const closed = { additionalProperties: false };

const analyteSchema = Type.Object(
  {
    key,
    name: Type.String({ minLength: 1, maxLength: 120 }),
    unit: Type.String({ maxLength: 30 }),
    kind: Type.Union([Type.Literal("number"), Type.Literal("text"), Type.Literal("calculated")]),
    decimals: Type.Union([Type.Integer({ minimum: 0, maximum: 10 }), Type.Null()]),
    rule: Type.Union([Type.Literal("half-up"), Type.Literal("half-even")]),
    quantification: optionalText,
    detection: optionalText,
    choices: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 60 }), { maxItems: 30 })),
    formula: Type.Optional(Type.Union([Type.String({ maxLength: 500 }), Type.Null()])),
    /** Expanded uncertainty of a result (GUM 6.2), in its unit or in percent of it, with its coverage factor. */
    uncertainty: Type.Optional(
      Type.Union([
        Type.Object({ expanded: decimalText, relative: Type.Boolean(), coverage: decimalText }, closed),
        Type.Null(),
      ]),
    ),
    /** How far a duplicate may lie from its original. Where it is declared, each run has a duplicate. */
    duplicate: Type.Optional(
      Type.Union([
        Type.Object(
          {
            difference: Type.Union([Type.Literal("absolute"), Type.Literal("relative")]),
            limit: decimalText,
            compare: Type.Union([Type.Literal("entered"), Type.Literal("rounded")]),
          },
          closed,
        ),
        Type.Null(),
      ]),
    ),
  },
  closed,
);

/** What a method's version says. */
export const definitionSchema = Type.Object(
  {
    reference: Type.Optional(Type.String({ maxLength: 200 })),
    fields: Type.Array(
      Type.Object(
        { key, name: Type.String({ minLength: 1, maxLength: 60 }), unit: Type.String({ maxLength: 30 }) },
        closed,
      ),
      { maxItems: 20 },
    ),
    analytes: Type.Array(analyteSchema, { minItems: 1, maxItems: 40 }),
    /** Kinds of instrument that a result is made with: each is named, and in order, before the result is verified. */
    instruments: Type.Optional(
      Type.Array(Type.String({ pattern: "^[a-z][a-z0-9-]{1,39}$" }), { minItems: 1, maxItems: 10 }),
    ),
    /** Materials, by their codes, of which a released lot is named. */
    materials: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 40 }), { minItems: 1, maxItems: 20 })),
    /** Whether only people trained on this version enter its results. */
    training: Type.Optional(Type.Boolean()),
    /** Quality control of a run: how many control materials, whether a blank, and of which analytes (of all where none is named). */
    quality: Type.Optional(
      Type.Object(
        {
          controls: Type.Integer({ minimum: 1, maximum: 5 }),
          blank: Type.Boolean(),
          analytes: Type.Optional(Type.Array(key, { minItems: 1, maxItems: 40 })),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type Definition = Static<typeof definitionSchema>;
export type DefinedAnalyte = Static<typeof analyteSchema>;

/** What one line of a specification's version says: which method determines it, and its ends. */
export const limitSchema = Type.Object(
  {
    methodId: Type.String({ format: "uuid" }),
    analyte: key,
    low: optionalText,
    lowOpen: Type.Optional(Type.Boolean()),
    high: optionalText,
    highOpen: Type.Optional(Type.Boolean()),
    warnLow: optionalText,
    warnHigh: optionalText,
    texts: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 60 }), { maxItems: 30 })),
    compare: Type.Union([Type.Literal("entered"), Type.Literal("rounded")]),
    /** Guarded acceptance with w = factor · U (ILAC-G8:09/2019, 4.2); where it is not named, simple acceptance. */
    decision: Type.Optional(
      Type.Union([Type.Object({ rule: Type.Literal("guarded"), factor: decimalText }, closed), Type.Null()]),
    ),
  },
  closed,
);
export const limitsSchema = Type.Array(limitSchema, { minItems: 1, maxItems: 200 });
export type SpecificationLimit = Static<typeof limitSchema>;

/** What is wrong with a method's definition, or null. */
export function definitionFault({ fields, analytes, quality }: Definition): string | null {
  const known = new Set(fields.map((each) => each.key));
  if (known.size !== fields.length) return "Two interim fields have one name.";
  if (new Set(analytes.map((each) => each.key)).size !== analytes.length) return "Two analytes have one name.";
  const unknown = quality?.analytes?.find((each) => !analytes.some((one) => one.key === each && one.kind !== "text"));
  if (unknown !== undefined) return `Quality control is asked of “${unknown}”, which is no number of this method.`;
  for (const { name, kind, formula, duplicate } of analytes) {
    if (duplicate && kind === "text") return `${name} is a text: how far two of it lie apart can't be told.`;
    if (duplicate?.limit.startsWith("-")) return `Duplicates of ${name} can't lie less than nothing apart.`;
    if (kind !== "calculated") continue;
    try {
      const missing = [...namesOf(readExpression(formula ?? ""))].find((each) => !known.has(each));
      if (missing !== undefined) return `The formula of ${name} asks for “${missing}”, which is no interim field.`;
    } catch (error) {
      if (error instanceof FormulaError) return `The formula of ${name} is not understood: ${error.message}.`;
      throw error;
    }
  }
  return null;
}

/** What is wrong with the ends of a limit, or null. */
export function limitFault(limit: SpecificationLimit): string | null {
  const ends = [limit.low, limit.warnLow, limit.warnHigh, limit.high].map((each) => readDecimal(each ?? ""));
  const given = ends.filter((each) => each !== undefined).map((each) => Number(each.digits) / 10 ** each.scale);
  if (given.some((each, index) => index > 0 && each < (given[index - 1] ?? each)))
    return `The ends of ${limit.analyte} are not in order: low, warn low, warn high, high.`;
  return ruleFault(limit);
}

/** A stored definition: what the server itself wrote after checking it. */
export function readDefinition(kept: unknown): Definition {
  if (!Value.Check(definitionSchema, kept)) throw new Error("A method's definition is not of its shape");
  return kept;
}
/** Stored limits. */
export function readLimits(kept: unknown): SpecificationLimit[] {
  if (!Value.Check(limitsSchema, kept)) throw new Error("A specification's limits are not of their shape");
  return kept;
}

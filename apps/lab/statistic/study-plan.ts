import { Type, type Static } from "typebox";

const closed = { additionalProperties: false };
const key = Type.String({ pattern: "^[a-z][a-z0-9-]{0,39}$" });

export const conditionSchema = Type.Object(
  {
    key,
    title: Type.String({ minLength: 1, maxLength: 60 }),
    kind: Type.Union([
      Type.Literal("initial"),
      Type.Literal("long-term"),
      Type.Literal("intermediate"),
      Type.Literal("accelerated"),
    ]),
    months: Type.Array(Type.Integer({ minimum: 0, maximum: 120 }), { minItems: 1, maxItems: 24, uniqueItems: true }),
    /** Units taken at each pull. */
    units: Type.Integer({ minimum: 1, maximum: 10_000 }),
  },
  closed,
);

/** What a stability protocol says (ICH Q1A(R2) 2.2). */
export const protocolSchema = Type.Object(
  {
    /** Days are days of this zone. */
    zone: Type.String({ minLength: 1, maxLength: 60 }),
    keeping: Type.Union([Type.Literal("room"), Type.Literal("refrigerator"), Type.Literal("freezer")]),
    container: Type.String({ minLength: 1, maxLength: 200 }),
    orientation: Type.Union([
      Type.Literal("upright"),
      Type.Literal("inverted"),
      Type.Literal("horizontal"),
      Type.Literal("none"),
    ]),
    windowBefore: Type.Integer({ minimum: 0, maximum: 60 }),
    windowAfter: Type.Integer({ minimum: 0, maximum: 60 }),
    /** Attributes of which 5 % from the initial value is significant change. */
    assays: Type.Array(Type.String({ minLength: 1, maxLength: 40 }), { maxItems: 10, uniqueItems: true }),
    batches: Type.Array(Type.String({ minLength: 1, maxLength: 60 }), { minItems: 1, maxItems: 12, uniqueItems: true }),
    conditions: Type.Array(conditionSchema, { minItems: 2, maxItems: 12 }),
  },
  closed,
);
export type Protocol = Static<typeof protocolSchema>;
export type Condition = Static<typeof conditionSchema>;

/** What is wrong with a protocol beyond its shape, or null. */
export function protocolFault({ conditions, batches }: Protocol): string | null {
  const keys = conditions.map((each) => each.key);
  if (new Set(keys).size !== keys.length) return "Two conditions have one name.";
  const initial = conditions.filter(({ kind }) => kind === "initial");
  if (initial.length !== 1 || initial[0]?.months.join() !== "0") return "There is one initial test, at 0 months.";
  if (!conditions.some(({ kind }) => kind === "long-term")) return "A study has a long-term condition.";
  for (const { kind, title, months } of conditions) {
    if (kind !== "initial" && months.includes(0)) return `${title}: 0 months is the initial test's.`;
    if (months.some((each, at) => at > 0 && each <= (months[at - 1] ?? 0))) return `${title}: its months are in order.`;
  }
  return batches.some((lot) => lot !== lot.trim()) ? "A batch's number has no space at its ends." : null;
}

/** Units that a batch needs in a condition for all its pulls. */
export function unitsNeeded({ months, units }: Condition): number {
  return months.length * units;
}

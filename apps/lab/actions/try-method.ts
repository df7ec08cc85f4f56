import { readDecimal, sayDecimal, type Decimal } from "../calc/decimal.ts";
import { evaluate, readExpression } from "../calc/expression.ts";
import { readValue, reportedOf, type Value } from "../calc/value.ts";
import { definitionFault, type Definition } from "../definition.ts";

export type Tried = {
  key: string;
  name: string;
  unit: string;
  value: string | null;
  reported: string | null;
  why: string | null;
};

/**
 * What a definition makes of values somebody types, by the same calculation that results go through. A formula is read,
 * never run: whatever else it holds is answered in words.
 */
export function tryMethod(
  definition: Definition,
  interim: Readonly<Record<string, string>>,
  values: Readonly<Record<string, string>>,
): { fault: string | null; items: Tried[] } {
  const fault = definitionFault(definition);
  if (fault !== null) return { fault, items: [] };
  const items = definition.analytes.map((analyte): Tried => {
    const { key, name, unit } = analyte;
    const read =
      analyte.kind === "calculated"
        ? calculate(definition, analyte.formula ?? "", interim)
        : valueOf(values[key] ?? "", analyte);
    if (typeof read === "string") return { key, name, unit, value: null, reported: null, why: read };
    return { key, name, unit, value: read.text, reported: reportedOf(read, analyte), why: null };
  });
  return { fault: null, items };
}

function valueOf(text: string, analyte: Definition["analytes"][number]): Value | string {
  if (text.trim() === "") return "Not entered.";
  const read = readValue(text, analyte);
  return read.ok ? read.value : read.why;
}

/** A calculated value from its interim fields, or what is missing or wrong. */
export function calculate(
  { fields }: Pick<Definition, "fields">,
  formula: string,
  interim: Readonly<Record<string, string>>,
): Value | string {
  const known = new Map<string, Decimal>();
  for (const { key, name } of fields) {
    const read = readValue(interim[key] ?? "", { kind: "number", unit: "", choices: [] });
    if (!read.ok) return `${name}: ${read.why}`;
    if (read.value.qualifier !== null || read.value.number === null) return `${name}: A plain number is expected.`;
    known.set(key, read.value.number);
  }
  const number = evaluate(readExpression(formula), known);
  if (number === undefined) return "It can't be calculated from these: something is divided by zero.";
  const text = sayDecimal(number);
  return { text, number: readDecimal(text) ?? number, qualifier: null };
}

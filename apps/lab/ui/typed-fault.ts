const key = /^[a-z][a-zA-Z0-9_]{0,39}$/;
const decimal = /^-?\d{1,18}(\.\d{1,18})?$/;

/** Why this is no exact decimal, or null; empty is none. */
function decimalFault(text: string): string | null {
  const typed = text.trim();
  if (typed === "" || decimal.test(typed)) return null;
  const point = typed.replace(",", ".");
  return decimal.test(point) ? `write ${typed} with a point: ${point}.` : `“${typed}” is no number.`;
}

function firstOf<Row>(rows: readonly Row[], say: (row: Row) => string | null | undefined): string | undefined {
  for (const [at, row] of rows.entries()) {
    const said = say(row);
    if (said !== null && said !== undefined) return `Row ${at + 1}: ${said}`;
  }
  return undefined;
}

const keyWords = "a key begins with a small letter and goes on in letters, digits and _.";
type Analyte = Readonly<
  Record<"key" | "name" | "kind" | "decimals" | "quantification" | "detection" | "formula", string>
>;
type Field = Readonly<Record<"key" | "name", string>>;

/** The first of a method's rows that can't be kept as it is typed; the server judges the rest. */
export function methodFault(analytes: readonly Analyte[], fields: readonly Field[]): string | undefined {
  if (analytes.length === 0) return "A method has at least one analyte.";
  return (
    firstOf(analytes, (row) => {
      if (!key.test(row.key.trim())) return keyWords;
      if (row.name.trim() === "") return "an analyte has a name.";
      if (!/^(|10|\d)$/.test(row.decimals.trim()))
        return "decimals are a whole number from 0 to 10, or empty for as entered.";
      if (row.kind === "calculated" && row.formula.trim() === "") return "what is calculated has a formula.";
      return decimalFault(row.quantification) ?? decimalFault(row.detection);
    }) ??
    firstOf(fields, (row) =>
      !key.test(row.key.trim())
        ? `interim, ${keyWords}`
        : row.name.trim() === ""
          ? "an interim field has a name."
          : null,
    )
  );
}

/** The first criterion of duplicates that can't be kept as it is typed. */
export function duplicateFault(rows: readonly Readonly<Record<"analyte" | "limit", string>>[]): string | undefined {
  return firstOf(rows, ({ analyte, limit }) =>
    analyte === ""
      ? "choose of which analyte a duplicate is made."
      : rows.filter((each) => each.analyte === analyte).length > 1
        ? `duplicates of ${analyte} are asked for twice.`
        : limit.trim() === "" || limit.trim().startsWith("-")
          ? `say how far duplicates of ${analyte} may lie apart, zero or more.`
          : decimalFault(limit),
  );
}

type Limit = Readonly<Record<"of" | "low" | "high" | "warnLow" | "warnHigh" | "guard", string>>;
/** The first limit that can't be kept as it is typed. */
export function limitRowFault(rows: readonly Limit[]): string | undefined {
  if (rows.length === 0) return "A specification has at least one limit.";
  return firstOf(rows, (row) =>
    row.of === ""
      ? "choose the determination."
      : [row.low, row.high, row.warnLow, row.warnHigh, row.guard].map(decimalFault).find((each) => each !== null),
  );
}

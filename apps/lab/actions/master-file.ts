import type { Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { currentMethods, type MethodVersion, type SpecificationVersion } from "./frozen.ts";

/** Methods and limits in force as lines of a file: one for each determination, one for each limit. */
export const methodColumns = [
  "code",
  "version",
  "title",
  "reference",
  "determination",
  "unit",
  "kind",
  "decimals",
  "rounding",
  "quantification",
  "detection",
  "choices",
  "formula",
];

export function methodLines({ code, number, title, definition }: MethodVersion) {
  return definition.analytes.map((each) => ({
    code,
    version: number,
    title,
    reference: definition.reference,
    determination: each.name,
    unit: each.unit,
    kind: each.kind,
    decimals: each.decimals,
    rounding: each.rule,
    quantification: each.quantification,
    detection: each.detection,
    choices: each.choices?.join("; "),
    formula: each.formula,
  }));
}

export const limitColumns = [
  "product",
  "productName",
  "specification",
  "version",
  "title",
  "determination",
  "unit",
  "low",
  "lowOpen",
  "high",
  "highOpen",
  "warnLow",
  "warnHigh",
  "texts",
  "compared",
  "decision",
  "guardFactor",
  "method",
];

/** Each version with the lines of its limits, and the words that it is found by. */
export async function limitLines(tx: Tx, versions: readonly SpecificationVersion[]) {
  const methods = await currentMethods(tx);
  const products = new Map(
    (await tx.all(query.selectFrom("lab.product").select(["id", "code", "name"]))).map((row) => [row.id, row]),
  );
  return versions.map((version) => {
    const product = products.get(version.productId);
    const lines = version.limits.map((limit) => {
      const method = methods.get(limit.methodId);
      const analyte = method?.definition.analytes.find(({ key }) => key === limit.analyte);
      return {
        product: product?.code,
        productName: product?.name,
        specification: version.code,
        version: version.number,
        title: version.title,
        determination: analyte?.name ?? limit.analyte,
        unit: analyte?.unit,
        low: limit.low,
        lowOpen: limit.lowOpen ?? false,
        high: limit.high,
        highOpen: limit.highOpen ?? false,
        warnLow: limit.warnLow,
        warnHigh: limit.warnHigh,
        texts: limit.texts?.join("; "),
        compared: limit.compare,
        decision: limit.decision?.rule ?? "simple",
        guardFactor: limit.decision?.factor,
        method: method?.code,
      };
    });
    const words = [product?.name, version.code, version.title, ...lines.map(({ determination }) => determination)];
    return { version, lines, words: words.join(" ") };
  });
}

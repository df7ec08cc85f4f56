import { evaluate, readExpression } from "../calc/expression.ts";
import { readDecimal, sayDecimal } from "../calc/decimal.ts";
import { judgeValue } from "../calc/value.ts";
import { analyteOf, type MethodVersion, type SpecificationVersion } from "../actions/frozen.ts";
import { uncertaintyOfValue, type Budget } from "../actions/uncertainty-kept.ts";

export type Drawn = { text: string; number: string | null; qualifier: string | null; interim: Record<string, string> | null };

/** Chance from a seed: the same laboratory every time. mulberry32. */
export class Draw {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }
  whole(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }
  chance(share: number): boolean {
    return this.next() < share;
  }
  one<T>(list: readonly T[]): T {
    const found = list[this.whole(0, list.length - 1)];
    if (found === undefined) throw new Error("Nothing to draw from");
    return found;
  }
  some<T>(list: readonly T[], count: number): T[] {
    const start = this.whole(0, Math.max(list.length - 1, 0));
    return Array.from({ length: Math.min(count, list.length) }, (_, index) => list[(start + index) % list.length]).flatMap((each) => each ?? []);
  }
  letter(): string {
    return this.one(["A", "B", "C"]);
  }
  normal(mean: number, spread: number): number {
    const angle = Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
    return mean + spread * angle;
  }

  /** A value as an analyst would write it: mostly usual, once in a while far off; calm narrows it. */
  value(usual: readonly [number, number] | string, method: MethodVersion, key: string, calm = 1): Drawn {
    if (typeof usual === "string") return { text: usual, number: null, qualifier: null, interim: null };
    const analyte = analyteOf(method, key);
    const stray = calm === 1 && this.chance(0.008) ? this.one([4, 5, 6]) : 1;
    const places = analyte.decimals ?? 2;
    const drawn = Math.max(this.normal(usual[0], usual[1] * calm * stray), 0);
    if (analyte.kind === "calculated") return this.#calculated(analyte.formula ?? "", key, drawn);
    const text = drawn.toFixed(places + (places === 0 ? 0 : 1));
    const least = readDecimal(analyte.quantification ?? "");
    if (least !== undefined && drawn < Number(sayDecimal(least)))
      return { text: `<${sayDecimal(least)}`, number: sayDecimal(least), qualifier: "<", interim: null };
    return { text, number: text, qualifier: null, interim: null };
  }

  /** The readings that lead to about this value, and the value exactly calculated from them. */
  #calculated(formula: string, key: string, wanted: number): Drawn {
    return fromReadings(formula, this.#readings(key, wanted));
  }
  #readings(key: string, wanted: number): Record<string, string> {
    if (key === "tamc") return { colonies: String(Math.round(wanted)), volume: "100" };
    if (key === "lod") {
      const tare = this.normal(21.4, 0.2);
      const net = this.normal(1.01, 0.01);
      return { tare: tare.toFixed(4), wet: (tare + net).toFixed(4), dry: (tare + net - (net * wanted) / 100).toFixed(4) };
    }
    const standard = Math.round(this.normal(152_000, 900));
    return { area: String(Math.round((standard * wanted) / 100)), standard: String(standard), conc: "0.240", label: "0.240" };
  }
}

/** The value that is exactly calculated from readings. */
export function fromReadings(formula: string, interim: Record<string, string>): Drawn {
  const values = new Map(
    Object.entries(interim).flatMap(([name, text]) => {
      const value = readDecimal(text);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
  const value = evaluate(readExpression(formula), values);
  const text = value === undefined ? "0" : sayDecimal(value);
  return { text, number: text, qualifier: null, interim };
}

/** How a drawn value stands against the limit it would be judged by, and how sure it is. */
export function judged(
  drawn: Drawn,
  method: MethodVersion,
  key: string,
  specification: SpecificationVersion,
  budgets: ReadonlyMap<string, Budget>,
) {
  const analyte = analyteOf(method, key);
  const limit = specification.limits.find((each) => each.analyte === key);
  const value = {
    text: drawn.text,
    number: readDecimal(drawn.number ?? "") ?? null,
    qualifier: drawn.qualifier === "<" ? drawn.qualifier : null,
  } as const;
  const uncertainty = uncertaintyOfValue(value, analyte, budgets.get(`${method.id} ${key}`));
  const { verdict } = judgeValue(value, limit, analyte, uncertainty);
  return { analyte, verdict, uncertainty };
}

const order: readonly string[] = ["in", "warn", "conditional", "unclear", "out"];
/** The worse of two verdicts of one sample. */
export function worseOf(one: string, other: string): string {
  return order.indexOf(other) > order.indexOf(one) ? other : one;
}

import { add, compare, divide, multiply, readDecimal, round, subtract, trimmed, type Decimal } from "./decimal.ts";

/** A calculation of a method, read once: numbers, names of interim fields, + - * /, brackets and a few functions. No more. */
export type Expression =
  | { readonly kind: "number"; readonly value: Decimal }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "call"; readonly name: FunctionName; readonly parts: readonly Expression[] };

const binary = { "+": "add", "-": "subtract", "*": "multiply", "/": "divide" } as const;
const calls = { min: [1, 20], max: [1, 20], mean: [1, 20], sum: [1, 20], abs: [1, 1], round: [2, 2] } as const;
type FunctionName = (typeof binary)[keyof typeof binary] | keyof typeof calls;

const longest = 500;
const deepest = 30;
const token = /\s*(?:(\d+(?:\.\d+)?)|([a-z][a-zA-Z0-9_]*)|([-+*/(),]))/y;

/** What is wrong with a formula, in words for who wrote it. */
export class FormulaError extends Error {}

/** Reads a formula. Nothing of it is ever run as code. */
export function readExpression(text: string): Expression {
  if (text.length > longest) throw new FormulaError(`a formula has at most ${longest} characters`);
  const tokens = [...tokensOf(text)];
  let place = 0;
  const peek = () => tokens[place];
  const take = (wanted?: string) => {
    const found = tokens[place];
    if (found === undefined) throw new FormulaError("the formula ends too early");
    if (wanted !== undefined && found !== wanted) throw new FormulaError(`“${wanted}” is missing before “${found}”`);
    place += 1;
    return found;
  };
  const level = (depth: number, below: (depth: number) => Expression, signs: readonly (keyof typeof binary)[]) => {
    let left = below(depth);
    for (;;) {
      const sign = signs.find((each) => each === peek());
      if (sign === undefined) return left;
      take();
      left = { kind: "call", name: binary[sign], parts: [left, below(depth)] } satisfies Expression;
    }
  };
  const sum = (depth: number): Expression => level(depth, product, ["+", "-"]);
  const product = (depth: number): Expression => level(depth, factor, ["*", "/"]);
  const factor = (depth: number): Expression => {
    if (depth > deepest) throw new FormulaError("the formula is nested too deep");
    const found = take();
    if (found === "-")
      return {
        kind: "call",
        name: "subtract",
        parts: [{ kind: "number", value: { digits: 0n, scale: 0 } }, factor(depth + 1)],
      };
    if (found === "(") {
      const inner = sum(depth + 1);
      take(")");
      return inner;
    }
    const value = readDecimal(found);
    if (value !== undefined) return { kind: "number", value };
    if (!/^[a-z]/.test(found)) throw new FormulaError(`“${found}” has no place here`);
    if (peek() !== "(") return { kind: "name", name: found };
    if (!isCall(found)) throw new FormulaError(`there is no function “${found}”`);
    take("(");
    const parts = [sum(depth + 1)];
    while (peek() === ",") {
      take();
      parts.push(sum(depth + 1));
    }
    take(")");
    const [least, most] = calls[found];
    if (parts.length < least || parts.length > most)
      throw new FormulaError(`“${found}” takes ${least} to ${most} values`);
    return { kind: "call", name: found, parts };
  };
  const whole = sum(0);
  const rest = peek();
  if (rest !== undefined) throw new FormulaError(`“${rest}” has no place here`);
  return whole;
}

/** The names a formula asks for. */
export function namesOf(expression: Expression): Set<string> {
  if (expression.kind === "name") return new Set([expression.name]);
  if (expression.kind === "number") return new Set();
  return new Set(expression.parts.flatMap((part) => [...namesOf(part)]));
}

/** Its value, exact, without zeros at its end; undefined where it divides by zero. */
export function evaluate(expression: Expression, values: ReadonlyMap<string, Decimal>): Decimal | undefined {
  const value = valueOf(expression, values);
  return value === undefined ? undefined : trimmed(value);
}

function valueOf(expression: Expression, values: ReadonlyMap<string, Decimal>): Decimal | undefined {
  if (expression.kind === "number") return expression.value;
  if (expression.kind === "name") return values.get(expression.name);
  const parts: Decimal[] = [];
  for (const part of expression.parts) {
    const value = valueOf(part, values);
    if (value === undefined) return undefined;
    parts.push(value);
  }
  return apply(expression.name, parts);
}

function apply(name: FunctionName, parts: readonly Decimal[]): Decimal | undefined {
  const [first, second] = parts;
  if (first === undefined) return undefined;
  const total = () => parts.slice(1).reduce(add, first);
  switch (name) {
    case "sum":
      return total();
    case "mean":
      return divide(total(), { digits: BigInt(parts.length), scale: 0 });
    case "min":
      return parts.reduce((least, each) => (compare(each, least) < 0 ? each : least), first);
    case "max":
      return parts.reduce((most, each) => (compare(each, most) > 0 ? each : most), first);
    case "abs":
      return first.digits < 0n ? { digits: -first.digits, scale: first.scale } : first;
  }
  if (second === undefined) return undefined;
  if (name === "add") return add(first, second);
  if (name === "subtract") return subtract(first, second);
  if (name === "multiply") return multiply(first, second);
  if (name === "divide") return divide(first, second);
  const places = second.scale === 0 && second.digits >= 0n && second.digits <= 20n ? Number(second.digits) : undefined;
  return places === undefined ? undefined : round(first, places, "half-up");
}

function isCall(name: string): name is keyof typeof calls {
  return Object.hasOwn(calls, name);
}

function* tokensOf(text: string): Generator<string> {
  token.lastIndex = 0;
  while (token.lastIndex < text.trimEnd().length) {
    const from = token.lastIndex;
    const found = token.exec(text);
    if (found === null) throw new FormulaError(`“${text.slice(from, from + 10).trim()}” is not understood`);
    yield found[1] ?? found[2] ?? found[3] ?? "";
  }
}

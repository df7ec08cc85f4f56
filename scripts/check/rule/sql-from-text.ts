import type { SourceRule } from "../source.ts";
import { isTest, lineAt } from "./line.ts";

/**
 * SQL takes values as parameters. A template handed to query(), or written as a statement's `sql`, may hold only
 * identifiers and literals that pg itself escaped, in place or into a constant of the same file; sql.raw() of Kysely is
 * the same hole by another name. Tests, and what they share under testing/, write statements past the routes on purpose.
 */
export const sqlFromText: SourceRule = (files) =>
  files
    .filter(
      ({ path }) =>
        /\.tsx?$/.test(path) && !isTest(path) && !path.includes("/testing/") && !path.startsWith("scripts/check/rule/"),
    )
    .flatMap(({ path, text }) => {
      const found: string[] = [];
      const escaped = new Set(
        [...text.matchAll(/\bconst (\w+) = [\w.]+\.escape(?:Identifier|Literal)\(/g)].map((match) => match[1]),
      );
      const isEscaped = (expression: string) =>
        escaped.has(expression) || /^(?:[\w.]+\.escape(?:Identifier|Literal)|catalogueName)\(/.test(expression);
      for (const match of text.matchAll(/(?:\.query(?:<[^()]*>)?\(|\bsql:)\s*(?=["'`])/g)) {
        const start = match.index + match[0].length;
        const literal = literalAt(text, start);
        if (literal.parts.some((part) => !isEscaped(part))) {
          found.push(`${path}:${lineAt(text, start)}: SQL made from text; pass the value as a parameter`);
        } else if (/^\s*\+/.test(text.slice(literal.end))) {
          found.push(`${path}:${lineAt(text, start)}: SQL made by joining text; pass the value as a parameter`);
        }
      }
      for (const match of text.matchAll(/\bsql\.(raw|lit)\(/g)) {
        found.push(
          `${path}:${lineAt(text, match.index)}: sql.${match[1] ?? ""}() takes text as SQL; use sql.id(), sql.ref() or a parameter`,
        );
      }
      return found;
    });

/** Where the string literal that starts here ends, and the expressions a template holds. */
function literalAt(text: string, start: number): { parts: string[]; end: number } {
  const quote = text[start];
  const parts: string[] = [];
  let at = start + 1;
  while (at < text.length && text[at] !== quote) {
    if (text[at] === "\\") {
      at += 2;
    } else if (quote === "`" && text.startsWith("${", at)) {
      const from = at + 2;
      let depth = 1;
      at = from;
      while (at < text.length && depth > 0) {
        if (text[at] === "{") depth += 1;
        if (text[at] === "}") depth -= 1;
        at += 1;
      }
      parts.push(text.slice(from, at - 1).trim());
    } else {
      at += 1;
    }
  }
  return { parts, end: at + 1 };
}

import { Type } from "typebox";
import { Value } from "typebox/value";
import type { Extraction } from "./extract/document.ts";

/** What an extraction child said, checked. A document stays the JSON text it came as: nobody has to parse it to keep it. */
export type DecodedAnswer =
  | {
      readonly said: "document";
      /** UTF-8 JSON of text, pages, paragraphs and furniture. */
      readonly json: Uint8Array<ArrayBuffer>;
      readonly pageCount: number;
      readonly warnings: Extraction["warnings"];
    }
  | {
      readonly said: "refusal";
      readonly refusal: "password-protected" | "corrupt" | "empty" | "scanned" | "too-many-pages";
      readonly measured?: number;
      readonly reason?: string;
    }
  | { readonly said: "nonsense" };

/** Reads and checks a child's answer. Large ones take some hundred milliseconds: not for the thread that serves requests. */
export function decodeAnswer(output: Uint8Array): DecodedAnswer {
  const answer = parsed(output);
  if (Value.Check(refusalShape, answer)) {
    const { refusal, measured, reason } = answer;
    return {
      said: "refusal",
      refusal,
      ...(measured === undefined ? {} : { measured }),
      ...(reason === undefined ? {} : { reason }),
    };
  }
  if (!Value.Check(answerShape, answer) || !isCoherent(answer.result)) return { said: "nonsense" };
  const { text, pages, paragraphs, furniture, warnings, pageCount } = answer.result;
  const json = new TextEncoder().encode(JSON.stringify({ text, pages, paragraphs, furniture }));
  return { said: "document", json, pageCount, warnings };
}

function parsed(output: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(output));
  } catch {
    return undefined;
  }
}

// The child read a stranger's file: what it says is checked like any other input.
const offset = Type.Integer({ minimum: 0 });
const span = { start: offset, end: offset };
const answerShape = Type.Object({
  result: Type.Object({
    text: Type.String(),
    pages: Type.Array(Type.Object({ number: Type.Integer({ minimum: 1 }), ...span })),
    paragraphs: Type.Array(
      Type.Object({
        page: Type.Integer({ minimum: 1 }),
        ...span,
        style: Type.Union([
          Type.Literal("heading1"),
          Type.Literal("heading2"),
          Type.Literal("heading3"),
          Type.Literal("heading4"),
          Type.Literal("heading5"),
          Type.Literal("heading6"),
          Type.Literal("paragraph"),
          Type.Literal("list"),
          Type.Literal("table"),
          Type.Literal("toc"),
        ]),
      }),
    ),
    furniture: Type.Array(Type.Object(span)),
    warnings: Type.Array(Type.Object({ code: Type.String(), text: Type.String() })),
    pageCount: Type.Integer({ minimum: 0 }),
  }),
});
const refusalShape = Type.Object({
  refusal: Type.Union([
    Type.Literal("password-protected"),
    Type.Literal("corrupt"),
    Type.Literal("empty"),
    Type.Literal("scanned"),
    Type.Literal("too-many-pages"),
  ]),
  measured: Type.Optional(Type.Integer()),
  reason: Type.Optional(Type.String()),
});

function isCoherent(result: Extraction): boolean {
  const { text } = result;
  const fits = (each: { start: number; end: number }) => each.start <= each.end && each.end <= text.length;
  return (
    text.isWellFormed() &&
    !text.includes("\0") &&
    !text.includes("\r") &&
    result.pageCount === result.pages.length &&
    result.pages.every(fits) &&
    result.paragraphs.every((each) => fits(each) && each.page <= result.pageCount) &&
    result.furniture.every(fits)
  );
}

import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { Type, type Static, type TSchema } from "typebox";
import { Compile } from "typebox/compile";
import type { SignerCore } from "./signer-core.ts";

// Lines of JSON, a question and its answer bearing one number. It knows three words: heads, sign, continue.
const Head = Type.Object({ origin: Type.String(), size: Type.Integer(), root: Type.String() });
const Refused = Type.Union(
  (["stale", "rolled_back", "forked", "ended", "undeclared"] as const).map((each) => Type.Literal(each)),
);
const Question = Type.Union([
  Type.Object({ id: Type.Integer(), op: Type.Literal("heads") }),
  Type.Object({
    id: Type.Integer(),
    op: Type.Literal("sign"),
    requests: Type.Array(
      Type.Object({
        origin: Type.String({ pattern: "^[^\\s+]{1,300}$" }),
        old: Type.Integer(),
        size: Type.Integer(),
        root: Type.String(),
        proof: Type.String(),
      }),
    ),
  }),
  Type.Object({
    id: Type.Integer(),
    op: Type.Literal("continue"),
    continuations: Type.Array(
      Type.Object({
        ended: Type.String(),
        origin: Type.String({ pattern: "^[^\\s+]{1,300}$" }),
        owners: Type.Array(Type.String()),
      }),
    ),
  }),
]);
export type SignerQuestion = Static<typeof Question>;

export const headsAnswer = reader(Type.Object({ publicKey: Type.String(), heads: Type.Array(Head) }));
export const signAnswer = reader(
  Type.Object({
    answers: Type.Array(
      Type.Union([
        Type.Object({ signature: Type.String() }),
        Type.Object({ refused: Refused, size: Type.Integer(), root: Type.String() }),
      ]),
    ),
  }),
);
export const doneAnswer = reader(Type.Object({ done: Type.Literal(true) }));
export const answerFrame = reader(
  Type.Object({ id: Type.Integer(), error: Type.Optional(Type.String()), body: Type.Optional(Type.Unknown()) }),
);
const readQuestion = reader(Question);

function reader<S extends TSchema>(schema: S): (value: unknown) => Static<S> {
  const compiled = Compile(schema);
  return (value) => compiled.Parse(value);
}

/** Answers what comes in, one question after another, until the other side ends. */
export async function serveSigner(core: SignerCore, input: Readable, output: Writable): Promise<void> {
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const question = readQuestion(JSON.parse(line));
    let body: string;
    try {
      body = JSON.stringify({ id: question.id, body: answerTo(core, question) });
    } catch (error) {
      body = JSON.stringify({ id: question.id, error: error instanceof Error ? error.message : String(error) });
    }
    output.write(`${body}\n`);
  }
}

function answerTo(core: SignerCore, question: SignerQuestion): unknown {
  switch (question.op) {
    case "heads":
      return { publicKey: core.publicKey.toString("base64"), heads: core.heads() };
    case "sign":
      return { answers: core.sign(question.requests) };
    default:
      core.continue(question.continuations);
      return { done: true };
  }
}

import { Type, type Static } from "typebox";

/** One load: these requests in turn, from this many connections, counted after the warming. */
export const loadSchema = Type.Object({
  origin: Type.String(),
  requests: Type.Array(
    Type.Object({
      method: Type.String(),
      path: Type.String(),
      headers: Type.Record(Type.String(), Type.String()),
      body: Type.String(),
    }),
  ),
  connections: Type.Integer(),
  warmMs: Type.Integer(),
  measureMs: Type.Integer(),
});
export type Load = Static<typeof loadSchema>;

export const loadAnswer = Type.Object({
  perSecond: Type.Number(),
  p50Ms: Type.Number(),
  p99Ms: Type.Number(),
  answered: Type.Integer(),
  failed: Type.Integer(),
});

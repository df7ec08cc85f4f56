import { createHash } from "node:crypto";
import type { BetterAuthOptions, DBAdapter, DBTransactionAdapter, Where } from "better-auth";

type Bare = DBTransactionAdapter<BetterAuthOptions>;
type Field = { model: string; where?: Where[] | undefined };

/** What identity.session keeps of a token: hex SHA-256, as the door computes it. A token has 190 random bits: no salt needed. */
export function sessionHash(token: string): string {
  return createHash("sha256").update(token, "utf8").digest("hex");
}

/**
 * Keeps session tokens out of the database: every token better-auth writes or looks for is hashed on the way in, and the
 * caller gets back the token it came with. A value from the table is never taken for a token: presented as one, it is
 * hashed again and matches nothing.
 */
export function hashSessionTokens(adapter: DBAdapter<BetterAuthOptions>): DBAdapter<BetterAuthOptions> {
  return {
    ...adapter,
    ...wrapped(adapter),
    transaction: (run) => adapter.transaction((trx) => run({ ...trx, ...wrapped(trx) })),
  };
}

function wrapped(inner: Bare): Omit<Bare, "id" | "createSchema" | "options"> {
  return {
    create: async (input) =>
      input.model === "session"
        ? restore(await inner.create({ ...input, data: withHash(input.data) }), tokensIn(input.data), true)
        : inner.create(input),
    findOne: async (input) => restore(await inner.findOne(hashed(input)), tokensOf(input)),
    findMany: async (input) => {
      const rows = await inner.findMany<never>(hashed(input));
      for (const row of rows) restore(row, tokensOf(input));
      return rows;
    },
    count: (input) => inner.count(hashed(input)),
    update: async (input) =>
      restore(await inner.update(hashedChange(input)), [...tokensOf(input), ...tokensIn(input.update)]),
    updateMany: (input) => inner.updateMany(hashedChange(input)),
    delete: (input) => inner.delete(hashed(input)),
    deleteMany: (input) => inner.deleteMany(hashed(input)),
    consumeOne: async (input) => restore(await inner.consumeOne(hashed(input)), tokensOf(input)),
    incrementOne: async (input) => restore(await inner.incrementOne(hashed(input)), tokensOf(input)),
  };
}

function hashed<T extends Field>(input: T): T {
  if (input.model !== "session" || input.where === undefined) return input;
  return { ...input, where: input.where.map(hashedCondition) };
}

function hashedChange<T extends Field & { update: Record<string, unknown> }>(input: T): T {
  if (input.model !== "session") return input;
  return { ...hashed(input), update: withHash(input.update) };
}

function hashedCondition(condition: Where): Where {
  if (condition.field !== "token") return condition;
  const { operator = "eq", value } = condition;
  if (operator === "eq" && typeof value === "string") {
    return { ...condition, value: sessionHash(value) };
  }
  if (operator === "in" && Array.isArray(value)) {
    return { ...condition, value: value.map((each) => sessionHash(String(each))) };
  }
  throw new Error(`A session token can't be looked for with ${operator}`);
}

function withHash<T extends object>(data: T): T {
  return "token" in data && typeof data.token === "string" ? { ...data, token: sessionHash(data.token) } : data;
}

function tokensIn(data: object): string[] {
  return "token" in data && typeof data.token === "string" ? [data.token] : [];
}

function tokensOf({ model, where = [] }: Field): string[] {
  if (model !== "session") return [];
  return where
    .filter(({ field }) => field === "token")
    .flatMap(({ value }) => (Array.isArray(value) ? value.map(String) : [String(value)]));
}

/**
 * Puts the caller's own token back in place of its hash. What was just made gets its token whatever is kept of it: of a
 * session that awaits its second factor that is another hash.
 */
function restore<R>(row: R, tokens: readonly string[], made = false): R {
  if (hasToken(row)) {
    const token = made ? tokens[0] : tokens.find((each) => sessionHash(each) === row.token);
    if (token !== undefined) row.token = token;
  }
  return row;
}

function hasToken(row: unknown): row is { token: string } {
  return typeof row === "object" && row !== null && "token" in row && typeof row.token === "string";
}

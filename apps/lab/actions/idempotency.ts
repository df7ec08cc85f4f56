import { createHash, randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { canonicalText, httpProblem, type Answer, type Kernel, type RouteRequest, type Tx } from "@probity/kernel";
import { query } from "../query.ts";

type KeyedRequest = Pick<RouteRequest, "credential" | "idempotencyKey" | "body" | "raw">;

/**
 * Does the work of a request once for its Idempotency-Key: the key is claimed, the work done and the answer kept in one
 * transaction. Sent again, or twice at once, the same request gets the same answer and does nothing; another request under
 * the key is refused. A refused request keeps no key: corrected, it may be sent under it again. `content` stands for what is
 * sent beside the body, such as a file.
 */
export async function actOnce(
  kernel: Kernel,
  request: KeyedRequest,
  permission: string,
  run: (tx: Tx) => Promise<Answer>,
  content = "",
): Promise<Answer> {
  const key = request.idempotencyKey;
  if (key === null) return kernel.door.work(request.credential, permission, run);
  const fingerprint = fingerprintOf(request, content);
  try {
    return await kernel.door.work(request.credential, permission, async (tx) => {
      const id = uuidv7();
      const claim = sql`select kernel.claim_key(${key}, ${fingerprint}, ${id})`;
      await tx.all({ compile: () => claim.compile(query) });
      const answer = await run(tx);
      await tx.all(
        query.insertInto("lab.kept_answer").values({
          id,
          status: answer.status ?? 200,
          body: answer.body === undefined ? null : JSON.stringify(answer.body),
          headers: JSON.stringify(answer.headers ?? {}),
        }),
      );
      return answer;
    });
  } catch (error) {
    if (!isClaimed(error)) throw error;
    return kernel.door.work(request.credential, permission, (tx) => answerOf(tx, key, fingerprint));
  }
}

async function answerOf(tx: Tx, key: string, fingerprint: string): Promise<Answer> {
  const kept = await tx.first(
    query
      .selectFrom("kernel.idempotency_key as k")
      .innerJoin("lab.kept_answer as a", "a.id", "k.row_id")
      .select(["k.fingerprint", "a.status", "a.body", "a.headers"])
      .where("k.key", "=", key),
  );
  if (kept === undefined || kept.fingerprint !== fingerprint) throw httpProblem.key_reused();
  return { status: kept.status, body: kept.body, headers: textsOf(kept.headers) };
}

/** The key is of another route or a record's own, or another request was sent under it: a different fingerprint either way. */
function fingerprintOf(request: KeyedRequest, content: string): string {
  return createHash("sha256")
    .update(`${request.raw.method} ${request.raw.url}\n${canonicalText(request.body ?? null)}\n${content}`)
    .digest("base64url");
}

/** SQLSTATE of kernel.claim_key. */
function isClaimed(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "PB410";
}

function textsOf(kept: unknown): Record<string, string> {
  if (typeof kept !== "object" || kept === null) return {};
  return Object.fromEntries(Object.entries(kept).map(([name, value]) => [name, String(value)]));
}

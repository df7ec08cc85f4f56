import { createHash } from "node:crypto";
import { sql } from "kysely";
import { Type, type TObject } from "typebox";
import { entryBundle, parseTilePath, tileWidth, type Tile } from "@probity/verify";
import { defineRoute, type Answer, type Route } from "../http/route.ts";
import { spendStepUp } from "../identity/step-up.ts";
import type { Kernel } from "../kernel.ts";
import { doorProblem } from "../work/error.ts";
import { query } from "../work/query.ts";
import { ledgerProblem } from "./checkpoint-error.ts";
import { logIdentity, logState, logVkey, proofBundle } from "./checkpoint-proof.ts";
import { originOf, platformLogId } from "./platform.ts";
import { publicPlatform, servedTile, tenantTiles } from "./tile-source.ts";

const read = "kernel.ledger.read";
const bytesType = "application/octet-stream";
const noteType = "text/plain; charset=utf-8";

/**
 * The log as its verifiers read it: C2SP tlog-tiles under /api/ledger (the caller's own log) and /api/ledger/platform (the
 * platform's, which anybody may read), proofs of single events, and the key everything is signed with.
 */
export function checkpointRoutes(kernel: Kernel): Route[] {
  const platform = publicPlatform(kernel);
  return [
    defineRoute({
      method: "GET",
      path: "/api/ledger/checkpoint",
      summary: "The newest signed checkpoint of this workspace's log (C2SP tlog-checkpoint)",
      tag: "ledger",
      permission: read,
      answers: { 200: "text/plain" },
      handle: async (request) => {
        const state = await kernel.door.work(request.credential, read, (tx) => logState(tx));
        if (state === undefined) throw ledgerProblem.nothing_signed();
        return noteAnswer(request.raw.headers["if-none-match"], state.note, "private, no-cache");
      },
    }),
    ...tilePaths("/api/ledger/tile").map(({ path, params }) =>
      defineRoute({
        method: "GET",
        path,
        summary: "Hashes or entries of this workspace's log (C2SP tlog-tiles)",
        tag: "ledger",
        permission: read,
        params,
        answers: { 200: bytesType },
        handle: async (request) => {
          const tile = tileOf(request.params);
          const served = await kernel.door.work(request.credential, read, async (tx) => {
            const state = await logState(tx);
            if (tile === undefined || state === undefined) return undefined;
            if (tile.level === "entries") kernel.access.read(tx.who, read, request.source, "kernel.ledger_event");
            return servedTile(tenantTiles(tx), tile, state.size);
          });
          return tileAnswer(request.raw.headers["if-none-match"], served, tile, "private");
        },
      }),
    ),
    defineRoute({
      method: "GET",
      path: "/api/ledger/proof/{leaf}",
      summary: "Proof that an event is in the log, to be checked without this server",
      tag: "ledger",
      permission: read,
      params: Type.Object({
        leaf: Type.String({ pattern: "^([0-9]{1,15}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$" }),
      }),
      answers: { 200: Type.Record(Type.String(), Type.Unknown()) },
      handle: async (request) => {
        const bundle = await kernel.door.work(request.credential, read, async (tx) => {
          const { leaf } = request.params;
          const event = await tx.first(
            query
              .selectFrom("kernel.ledger_event as e")
              .leftJoin("kernel.ledger_opening as o", (join) =>
                join.onRef("o.tenant_id", "=", "e.tenant_id").onRef("o.leaf_id", "=", "e.leaf_id"),
              )
              .select(["e.seq", "e.leaf", "o.openings"])
              .where((where) => (/-/.test(leaf) ? where("e.leaf_id", "=", leaf) : where("e.seq", "=", leaf))),
          );
          if (event === undefined) throw doorProblem.not_found();
          kernel.access.read(tx.who, read, request.source, "kernel.ledger_event");
          return proofBundle(tx, { index: Number(event.seq), leaf: event.leaf, openings: event.openings });
        });
        if (bundle === undefined) throw ledgerProblem.not_covered();
        return { body: bundle };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/ledger/status",
      summary: "How the log stands: what is signed, what waits, whether it is halted",
      tag: "ledger",
      permission: read,
      answers: { 200: Type.Record(Type.String(), Type.Unknown()) },
      handle: async (request) => ({
        body: await kernel.door.work(request.credential, read, async (tx) => {
          const state = await logState(tx);
          const condition = await tx.first(query.selectFrom(conditionOf()).selectAll());
          const detail = Object(condition?.detail ?? {});
          const stopped = await tx.first(query.selectFrom("kernel.ledger_stopped").select("since"));
          const halted: unknown[] = Array.isArray(detail["halted"]) ? detail["halted"] : [];
          return {
            condition: condition?.condition ?? "never",
            since: condition?.changed_at ?? null,
            keyBesideData: detail["keyBesideData"] ?? null,
            waiting: Number(condition?.waiting ?? 0),
            oldestMilliseconds: Math.round(condition?.oldest_ms ?? 0),
            behindMilliseconds: Math.round(condition?.behind_ms ?? 0),
            // Only this workspace's own part: which other logs are halted is not told.
            halted: halted.find((each) => Object(each)["logId"] === tx.who.tenantId) ?? null,
            /** Since when entries of this workspace alone wait, because somebody set its count back. */
            stopped: stopped?.since ?? null,
            checkpoint: state && { origin: state.origin, size: state.size, signedAt: state.signedAt.toISOString() },
          };
        }),
      }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/ledger/resume",
      summary: "The declaration of a restore that waits for two owners, if there is one",
      tag: "ledger",
      permission: read,
      answers: { 200: Type.Record(Type.String(), Type.Unknown()) },
      handle: async (request) => {
        const row = await kernel.door.work(request.credential, read, (tx) =>
          tx.first(query.selectFrom(standing()).selectAll()),
        );
        if (row === undefined) return { body: { open: null } };
        const { id, opened_at: openedAt, logs, own, owners, confirmed } = row;
        return { body: { open: { id, openedAt, logs: Number(logs), own, owners: Number(owners), confirmed } } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/ledger/resume/{id}",
      summary: "Confirm, as an owner, that what was signed and is gone was lost in a restore",
      tag: "ledger",
      permission: "kernel.ledger.resume",
      params: Type.Object({ id: Type.String({ format: "uuid" }) }),
      answers: { 200: Type.Object({ owners: Type.Integer() }) },
      handle: async (request) => {
        const { id } = request.params;
        const row = await kernel.door.work(request.credential, "kernel.ledger.resume", async (tx) => {
          const open = await tx.first(query.selectFrom(standing()).select("id"));
          if (open?.id !== id) throw ledgerProblem.resume_unknown();
          await spendStepUp(tx, request.raw, { action: "kernel.ledger.resume", subject: id });
          await tx.record({ action: "kernel.ledger.resume.confirm", fields: { declaration: id } });
          return tx.first(query.selectNoFrom(sql<string>`kernel.ledger_resume_confirm(${id})`.as("owners")));
        });
        return { body: { owners: Number(row?.owners ?? 0) } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/ledger/platform/checkpoint",
      summary: "The newest signed checkpoint of the platform log, or the newest that witnesses signed",
      tag: "ledger",
      permission: "public",
      query: Type.Object({ cosigned: Type.Optional(Type.Literal("true")) }),
      answers: { 200: "text/plain" },
      handle: async (request) => {
        const { note } = await platformState(kernel, request.query.cosigned === "true");
        if (note === undefined) throw ledgerProblem.nothing_signed();
        return noteAnswer(request.raw.headers["if-none-match"], note, "public, no-cache");
      },
    }),
    ...tilePaths("/api/ledger/platform/tile").map(({ path, params }) =>
      defineRoute({
        method: "GET",
        path,
        summary: "Hashes or entries of the platform log (C2SP tlog-tiles)",
        tag: "ledger",
        permission: "public",
        params,
        answers: { 200: bytesType },
        handle: async (request) => {
          const tile = tileOf(request.params);
          const { size } = await platformState(kernel, false);
          const served = tile === undefined ? undefined : await servedTile(platform, tile, size);
          return tileAnswer(request.raw.headers["if-none-match"], served, tile, "public");
        },
      }),
    ),
    defineRoute({
      method: "GET",
      path: "/.well-known/probity-log-keys",
      summary: "The key this instance's logs are signed with, as C2SP verifier keys",
      tag: "ledger",
      permission: "public",
      answers: { 200: Type.Record(Type.String(), Type.Unknown()) },
      handle: async () => {
        const identity = await logIdentity({
          first: async (built) => (await kernel.door.callFunction(built.compile()))[0],
        });
        if (identity === undefined) throw ledgerProblem.nothing_signed();
        const { origin = originOf(identity.host, platformLogId, 1) } = await platformState(kernel, false);
        return {
          body: {
            host: identity.host,
            algorithm: "Ed25519",
            publicKey: identity.publicKey.toString("base64"),
            platform: origin,
            // A workspace's log bears its id: which workspaces there are is not told here.
            workspace: `${identity.host}/logs/{workspace}`,
            vkeys: [logVkey(origin, identity.publicKey)],
          },
        };
      },
    }),
  ];
}

type ConditionRow = {
  condition: string;
  detail: unknown;
  changed_at: Date;
  beat_ms: number | null;
  waiting: string;
  oldest_ms: number;
  behind_logs: string;
  behind_ms: number;
};
type StandingRow = { id: string; opened_at: Date; logs: string; own: unknown; owners: string; confirmed: boolean };
const conditionOf = () => sql<ConditionRow>`kernel.ledger_condition()`.as("c");
const standing = () => sql<StandingRow>`kernel.ledger_resume_standing()`.as("r");

async function platformState(
  kernel: Pick<Kernel, "door">,
  cosigned: boolean,
): Promise<{ origin?: string; size: number; note?: string }> {
  const [row] = await kernel.door.callFunction({
    sql: "select origin, size, note from kernel.platform_checkpoint($1)",
    parameters: [cosigned],
  });
  if (row === undefined) return { size: 0 };
  return { origin: String(row["origin"]), size: Number(row["size"]), note: String(row["note"]) };
}

const partPattern = "^(x?[0-9]{3}(\\.p)?|[1-9][0-9]{0,2})$";
const part = () => Type.String({ pattern: partPattern });
const level = () => Type.String({ pattern: "^(entries|[0-9]{1,2})$" });

/** tlog-tiles writes N in groups of three digits, each a step of the path; four reach a thousand million tiles and a width. */
function tilePaths(base: string): { readonly path: string; readonly params: TObject }[] {
  const names = ["a", "b", "c", "d"];
  return names.map((_, last) => {
    const own = names.slice(0, last + 1);
    return {
      path: [base, "{level}", ...own.map((name) => `{${name}}`)].join("/"),
      params: Type.Object({ level: level(), ...Object.fromEntries(own.map((name) => [name, part()])) }),
    };
  });
}

function tileOf(params: unknown): Tile | undefined {
  const parts: unknown[] = ["level", "a", "b", "c", "d"].map((name) => Object(params)[name]);
  return parseTilePath(["tile", ...parts.filter((each) => each !== undefined)].join("/"));
}

function noteAnswer(known: string | undefined, note: string, cache: string): Answer {
  return tagged(known, Buffer.from(note, "utf8"), noteType, cache);
}

/** What is under a tile's name never changes: it may be kept for ever. */
function tileAnswer(
  known: string | undefined,
  served: Buffer | Buffer[] | undefined,
  tile: Tile | undefined,
  scope: "public" | "private",
): Answer {
  if (served === undefined || tile === undefined) throw doorProblem.not_found();
  const bytes = Array.isArray(served) ? Buffer.from(entryBundle(served)) : served;
  const age = tile.width === tileWidth ? "max-age=31536000, immutable" : "max-age=60";
  return tagged(known, bytes, bytesType, `${scope}, ${age}`);
}

function tagged(known: string | undefined, bytes: Buffer, type: string, cache: string): Answer {
  const etag = `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
  const headers = { etag, "cache-control": cache };
  return known === etag ? { status: 304, headers } : { body: bytes, type, headers };
}

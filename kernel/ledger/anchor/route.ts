import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { Type } from "typebox";
import { parseCheckpoint, parseNote } from "@probity/verify";
import { defineRoute, type Route } from "../../http/route.ts";
import { spendStepUp } from "../../identity/step-up.ts";
import type { Kernel } from "../../kernel.ts";
import { query } from "../../work/query.ts";
import type { Outside } from "../stream/receiver.ts";
import { renewAnswer, renewBody } from "../stream/webhook-secret.ts";
import { anchorProblem } from "./error.ts";
import { newestNote } from "./round.ts";
import { addTarget, removeTarget, rotateTargetSecret, wakeTargets } from "./target.ts";
import { anchorOf, standingOf } from "./view.ts";

const read = "kernel.anchor.read";
const change = "kernel.anchor.change";
const idParams = Type.Object({ id: Type.String({ format: "uuid" }) });

export type AnchorRoutesOptions = {
  readonly outside: Outside;
  /** Whether mails leave, or wait in the outbox. */
  readonly sendsMail: boolean;
  /** Whether a time-stamping authority is configured. */
  readonly stamps: boolean;
};

/** Who outside holds a checkpoint of this workspace's log, and giving one to more of them (LED-03). */
export function anchorRoutes(kernel: Kernel, options: AnchorRoutesOptions): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/ledger/anchors",
      summary: "Who outside holds which checkpoint, since when, and what failed",
      tag: "ledger",
      permission: read,
      answers: { 200: Type.Record(Type.String(), Type.Unknown()) },
      handle: async (request) => {
        const standing = await kernel.door.work(request.credential, read, (tx) => {
          kernel.access.read(tx.who, read, request.source, "kernel.anchor");
          return standingOf(tx);
        });
        return { body: { ...standing, sendsMail: options.sendsMail, stamps: options.stamps } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/ledger/anchors/{id}",
      summary: "One anchor to hand on: the checkpoint with its cosignature, or with the time-stamp over it",
      tag: "ledger",
      permission: read,
      params: idParams,
      answers: {
        200: Type.Object({
          kind: Type.String(),
          note: Type.String(),
          proof: Type.Union([Type.String(), Type.Null()]),
        }),
      },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, (tx) => {
          kernel.access.read(tx.who, read, request.source, "kernel.anchor", request.params.id);
          return anchorOf(tx, request.params.id);
        });
        if (body === undefined) throw anchorProblem.unknown();
        return { body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/ledger/anchors/copy",
      summary: "Take a copy of the newest checkpoint along",
      tag: "ledger",
      permission: read,
      answers: { 200: Type.Object({ note: Type.String(), size: Type.Integer() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          const newest = await newestNote(tx);
          if (newest === undefined) throw anchorProblem.no_checkpoint();
          const { size } = parseCheckpoint(parseNote(newest).text);
          await tx.record({ action: "kernel.anchor.download", fields: { size } });
          const noted = sql`kernel.note_download(${uuidv7()}, ${"a member"}, ${size}, ${newest})`;
          await tx.all(query.selectNoFrom(noted.as("noted")));
          return { note: newest, size };
        });
        return { body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/ledger/anchors/ask",
      summary: "Ask a witness or send a copy now, to one or to all",
      tag: "ledger",
      permission: change,
      body: Type.Object({ id: Type.Optional(Type.String({ format: "uuid" })) }, { additionalProperties: false }),
      answers: { 204: "" },
      handle: async (request) => {
        await kernel.door.work(request.credential, change, (tx) => wakeTargets(tx, request.body.id));
        return { status: 204 };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/ledger/anchors/targets",
      summary: "Add a witness, or an address that gets copies; a webhook's secret is shown in this answer alone",
      tag: "ledger",
      permission: change,
      body: Type.Object(
        {
          kind: Type.Union([Type.Literal("mail"), Type.Literal("webhook"), Type.Literal("witness")]),
          name: Type.String({ minLength: 1, maxLength: 80, pattern: "\\S" }),
          address: Type.String({ minLength: 1, maxLength: 1000 }),
          vkey: Type.Optional(Type.String({ maxLength: 300 })),
        },
        { additionalProperties: false },
      ),
      answers: { 201: Type.Object({ id: Type.String(), secret: Type.Union([Type.String(), Type.Null()]) }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, change, async (tx) => {
          await spendStepUp(tx, request.raw, { action: "kernel.anchor_target.create", subject: request.body.address });
          return addTarget(tx, kernel.keyring, request.body, options.outside);
        });
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/ledger/anchors/targets/{id}/secret",
      summary: "Make a webhook's new secret, shown in this answer alone; for the overlap the one before signs too",
      tag: "ledger",
      permission: change,
      params: idParams,
      body: renewBody,
      answers: { 200: renewAnswer },
      handle: async (request) => {
        const { id } = request.params;
        const body = await kernel.door.work(request.credential, change, async (tx) => {
          await spendStepUp(tx, request.raw, { action: "kernel.anchor_target.rotate", subject: id });
          return rotateTargetSecret(tx, kernel.keyring, id, request.body.overlapHours);
        });
        return { body };
      },
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/ledger/anchors/targets/{id}",
      summary: "Give no more checkpoints to a witness or address; what it has it keeps",
      tag: "ledger",
      permission: change,
      params: idParams,
      answers: { 204: "" },
      handle: async (request) => {
        await kernel.door.work(request.credential, change, (tx) => removeTarget(tx, request.params.id));
        return { status: 204 };
      },
    }),
  ];
}

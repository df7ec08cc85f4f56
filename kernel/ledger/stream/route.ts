import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { Type } from "typebox";
import { defineRoute, type Route } from "../../http/route.ts";
import { spendStepUp } from "../../identity/step-up.ts";
import type { Kernel } from "../../kernel.ts";
import { deliverTest } from "./deliver.ts";
import { openLetters, sendLetters } from "./letter.ts";
import type { Outside } from "./receiver.ts";
import { rotateSecret, setCertificate } from "./renew.ts";
import { addStream, backFillStream, listStreams, logSize, openStream, pauseStream, removeStream } from "./stream.ts";
import { renewAnswer, renewBody } from "./webhook-secret.ts";

const read = "kernel.stream.read";
const change = "kernel.stream.change";
const idParams = Type.Object({ id: Type.String({ format: "uuid" }) });
const clientBody = Type.Object(
  {
    certificate: Type.String({ minLength: 1, maxLength: 20_000 }),
    key: Type.String({ minLength: 1, maxLength: 20_000 }),
  },
  { additionalProperties: false, description: "PEM; the key is sealed and shown to nobody again" },
);
const streamBody = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 80, pattern: "\\S" }),
    kind: Type.Union([Type.Literal("webhook"), Type.Literal("syslog")]),
    address: Type.String({ minLength: 1, maxLength: 1000 }),
    authority: Type.Optional(Type.String({ maxLength: 20_000 })),
    client: Type.Optional(clientBody),
    format: Type.Union([Type.Literal("json"), Type.Literal("ocsf")]),
    personal: Type.Boolean(),
    from: Type.Union([Type.Literal("now"), Type.Literal("beginning")]),
  },
  { additionalProperties: false },
);

export type StreamRoutesOptions = { readonly host: string; readonly outside: Outside };

/** Streams of the workspace's log to receivers of its own: added with a fresh proof, tried, paused, filled from the past (LED-05). */
export function streamRoutes(kernel: Kernel, options: StreamRoutesOptions): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/ledger/streams",
      summary: "Streams of the audit trail, and how far each has come",
      tag: "ledger",
      permission: read,
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()), size: Type.Integer() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "kernel.stream");
          return { items: await listStreams(tx), size: await logSize(tx) };
        });
        return { body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/ledger/streams",
      summary: "Add a stream; a webhook's secret is shown in this answer alone",
      tag: "ledger",
      permission: change,
      body: streamBody,
      answers: { 201: Type.Object({ id: Type.String(), secret: Type.Union([Type.String(), Type.Null()]) }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, change, async (tx) => {
          await spendStepUp(tx, request.raw, { action: "kernel.stream.create", subject: request.body.address });
          return addStream(tx, kernel.keyring, request.body, options.outside);
        });
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/ledger/streams/{id}/test",
      summary: "Send a message that says it is a test, and tell what the receiver said",
      tag: "ledger",
      permission: change,
      params: idParams,
      answers: {
        200: Type.Object({
          taken: Type.Boolean(),
          problem: Type.Union([Type.String(), Type.Null()]),
          milliseconds: Type.Integer(),
        }),
      },
      handle: async (request) => {
        const { id } = request.params;
        const stream = await kernel.door.work(request.credential, change, (tx) => openStream(tx, kernel.keyring, id));
        const began = Date.now();
        const delivery = await deliverTest(stream, new Date(began), uuidv7(), options.outside);
        const milliseconds = Date.now() - began;
        const problem = delivery.state === "taken" ? null : delivery.problem;
        await kernel.door.work(request.credential, change, (tx) =>
          tx.record({
            action: "kernel.stream.test",
            outcome: problem === null ? "done" : "failed",
            fields: { stream: id, problem },
          }),
        );
        return { body: { taken: problem === null, problem, milliseconds } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/ledger/streams/{id}/pause",
      summary: "Pause a stream, or go on where it stands, at once",
      tag: "ledger",
      permission: change,
      params: idParams,
      body: Type.Object({ paused: Type.Boolean() }, { additionalProperties: false }),
      answers: { 204: "" },
      handle: async (request) => {
        const { paused } = request.body;
        await kernel.door.work(request.credential, change, (tx) => pauseStream(tx, request.params.id, paused));
        return { status: 204 };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/ledger/streams/{id}/back-fill",
      summary: "Send again from the beginning, or from a day on",
      tag: "ledger",
      permission: change,
      params: idParams,
      body: Type.Object(
        { from: Type.String({ maxLength: 40, description: "`beginning`, or a date" }) },
        { additionalProperties: false },
      ),
      answers: { 200: Type.Object({ place: Type.Integer() }) },
      handle: async (request) => {
        const { id } = request.params;
        const place = await kernel.door.work(request.credential, change, async (tx) => {
          await spendStepUp(tx, request.raw, { action: "kernel.stream.back_fill", subject: id });
          return backFillStream(tx, id, request.body.from);
        });
        return { body: { place } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/ledger/streams/{id}/secret",
      summary: "Give a webhook another secret, shown in this answer alone; for the overlap both sign",
      tag: "ledger",
      permission: change,
      params: idParams,
      body: renewBody,
      answers: { 200: renewAnswer },
      handle: async (request) => {
        const { id } = request.params;
        const body = await kernel.door.work(request.credential, change, async (tx) => {
          await spendStepUp(tx, request.raw, { action: "kernel.stream.rotate", subject: id });
          return rotateSecret(tx, kernel.keyring, id, request.body.overlapHours);
        });
        return { body };
      },
    }),
    defineRoute({
      method: "PUT",
      path: "/api/ledger/streams/{id}/certificate",
      summary: "Give a syslog stream the certificate it shows a receiver that asks, with its key; null for none",
      tag: "ledger",
      permission: change,
      params: idParams,
      body: Type.Object({ client: Type.Union([clientBody, Type.Null()]) }, { additionalProperties: false }),
      answers: { 204: "" },
      handle: async (request) => {
        const { id } = request.params;
        await kernel.door.work(request.credential, change, async (tx) => {
          await spendStepUp(tx, request.raw, { action: "kernel.stream.certificate", subject: id });
          await setCertificate(tx, kernel.keyring, id, request.body.client);
        });
        return { status: 204 };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/ledger/streams/{id}/letters",
      summary: "Events the receiver refused and that were left out",
      tag: "ledger",
      permission: read,
      params: idParams,
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const items = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "kernel.stream", request.params.id);
          return openLetters(tx, request.params.id);
        });
        return { body: { items } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/ledger/streams/{id}/letters/send",
      summary: "Send the events that were left out again, each by itself",
      tag: "ledger",
      permission: change,
      params: idParams,
      answers: { 200: Type.Object({ sent: Type.Integer(), left: Type.Integer() }) },
      handle: async (request) => ({
        body: await sendLetters(kernel, request.credential, request.params.id, options),
      }),
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/ledger/streams/{id}",
      summary: "End a stream",
      tag: "ledger",
      permission: change,
      params: idParams,
      answers: { 204: "" },
      handle: async (request) => {
        await kernel.door.work(request.credential, change, (tx) => removeStream(tx, request.params.id));
        return { status: 204 };
      },
    }),
  ];
}

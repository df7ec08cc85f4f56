import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { Type } from "typebox";
import { defineRoute, doorProblem, ledgerPlace, type Kernel, type Route, type Tx } from "@probity/kernel";
import { idAt, insertAll, updateAll } from "../bulk.ts";
import { problem } from "../errors.ts";
import { query } from "../query.ts";
import { listedResult } from "./attachment-read.ts";
import { correctionsOf } from "./correct.ts";
import { custodyBody, keepSamples } from "./custody.ts";
import { currentSpecifications } from "./frozen.ts";
import { requireConcluded } from "./investigation-gate.ts";
import { evaluationsOf } from "./publish.ts";
import { registerSamples } from "./register.ts";
import { custodyOf, mayOf, publicationsOf, readSample, resultsOfSample, unlocksOf } from "./sample-view.ts";
import { nameOfActor } from "./save-result.ts";
import { unlockSample } from "./unlock.ts";
import { verificationsOver } from "./verification-view.ts";
import { wayOfVerifying } from "./verify.ts";

const read = "lab.sample.read";
const uuid = Type.String({ format: "uuid" });
const idParams = Type.Object({ id: uuid });
const closed = { additionalProperties: false };
const short = (maxLength: number) => Type.Optional(Type.Union([Type.String({ maxLength }), Type.Null()]));
const reason = Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" });
const versioned = { 200: Type.Object({ id: Type.String(), version: Type.Integer() }) };
const day = Type.String({ format: "date", pattern: "^(19|20)[0-9]{2}-" });

const newSample = Type.Object(
  {
    productId: uuid,
    samplingPointId: Type.Optional(Type.Union([uuid, Type.Null()])),
    specificationId: Type.Optional(Type.Union([uuid, Type.Null()])),
    methodIds: Type.Optional(Type.Array(uuid, { maxItems: 40 })),
    customerId: Type.Optional(Type.Union([uuid, Type.Null()])),
    lot: short(60),
    remark: short(1000),
    priority: Type.Optional(Type.Union([Type.Literal("routine"), Type.Literal("urgent")])),
    sampledAt: Type.Optional(Type.Union([Type.String({ format: "date-time" }), Type.Null()])),
    sampledBy: short(120),
    dueOn: Type.Optional(Type.Union([day, Type.Null()])),
    blinded: Type.Optional(Type.Boolean()),
  },
  closed,
);

/** A sample's life: registered, received, moved, verified, published, unlocked. Every step is the database's rule too. */
export function sampleRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "POST",
      path: "/api/lab/samples",
      summary: "Register samples: one, or up to 500 at once, all or none",
      tag: "lab",
      permission: "lab.sample.register",
      body: Type.Object({ samples: Type.Array(newSample, { minItems: 1, maxItems: 500 }) }, closed),
      answers: { 201: Type.Object({ items: Type.Array(Type.Object({ id: Type.String(), number: Type.String() })) }) },
      handle: async (request) => {
        const items = await kernel.door.work(request.credential, "lab.sample.register", (tx) =>
          kernel.files.keysOf(tx).then((keys) => registerSamples(tx, request.body.samples, null, undefined, keys)),
        );
        return { status: 201, body: { items } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/samples/last",
      summary:
        "The sample you registered last, to register another like it; null where there is none of the last 90 days",
      tag: "lab",
      permission: "lab.sample.register",
      answers: { 200: Type.Object({ id: Type.Union([Type.String(), Type.Null()]) }) },
      handle: async (request) => {
        const id = await kernel.door.work(request.credential, "lab.sample.register", async (tx) => {
          const row = await tx.first(
            query
              .selectFrom("lab.sample")
              .select("id")
              .where("created_by", "=", tx.who.actorId)
              .where("brought_in", "=", false)
              .where("blinded", "=", false)
              .where("deleted_at", "is", null)
              // Ids begin with their time: what is older is not looked through.
              .where("id", ">", idAt(Date.now() - 90 * 86_400_000))
              .orderBy("id", "desc")
              .limit(1),
          );
          kernel.access.read(tx.who, "lab.sample.register", request.source, "lab.sample", row?.id);
          return row?.id ?? null;
        });
        return { body: { id } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/samples/{id}",
      summary: "A sample with its results, custody and history",
      tag: "lab",
      permission: read,
      params: idParams,
      answers: {
        200: Type.Object({
          id: Type.String(),
          version: Type.Integer(),
          number: Type.String(),
          results: Type.Array(listedResult),
        }),
      },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          const sample = await readSample(tx, request.params.id);
          kernel.access.read(tx.who, read, request.source, "lab.sample", request.params.id);
          return {
            ...sample,
            results: await resultsOfSample(tx, request.params.id),
            custody: await tx.all(custodyOf(request.params.id)),
            unlocks: await tx.all(unlocksOf(request.params.id)),
            corrections: await tx.all(correctionsOf(request.params.id)),
            publications: await tx.all(publicationsOf(request.params.id)),
            verifications: await verificationsOver(tx, { sampleId: request.params.id }),
            verifyBy: await wayOfVerifying(tx),
            you: tx.who.actorId,
            may: await mayOf(tx),
            leaf: await ledgerPlace(tx, "lab.sample.register", request.params.id),
          };
        });
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/samples/receive",
      summary: "Receive samples; the time is the server's",
      tag: "lab",
      permission: "lab.sample.receive",
      body: Type.Object(
        { ids: Type.Array(uuid, { minItems: 1, maxItems: 500 }), place: short(120), condition: short(200) },
        closed,
      ),
      answers: { 200: Type.Object({ received: Type.Integer() }) },
      handle: async (request) => {
        const { ids, place, condition } = request.body;
        const received = await kernel.door.work(request.credential, "lab.sample.receive", (tx) =>
          receiveSamples(tx, ids, place ?? null, condition ?? null),
        );
        return { body: { received } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/samples/{id}/custody",
      summary: "Move, hand over, open, return or dispose of a sample",
      tag: "lab",
      permission: "lab.sample.receive",
      params: idParams,
      body: Type.Object(custodyBody, closed),
      answers: versioned,
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, "lab.sample.receive", async (tx) => {
          const { id } = await requireSample(tx, request.params.id, request.version);
          await keepSamples(tx, [id], request.body);
          const now = await tx.first(query.selectFrom("lab.sample").select("version").where("id", "=", id));
          return { id, version: now?.version ?? request.version };
        });
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/samples/{id}/cancel",
      summary: "Cancel a sample before anything was determined",
      tag: "lab",
      permission: "lab.sample.cancel",
      params: idParams,
      body: Type.Object({ reason }, closed),
      answers: versioned,
      handle: async (request) => {
        const version = request.version;
        const body = await kernel.door.work(request.credential, "lab.sample.cancel", async (tx) => {
          const sample = await requireSample(tx, request.params.id, version);
          const results = await tx.all(
            query.selectFrom("lab.result").select(["id", "version", "state"]).where("sample_id", "=", sample.id),
          );
          if (!["registered", "received"].includes(sample.state) || results.some((each) => each.state !== "open"))
            throw problem.wrong_state({
              values: { number: sample.number, state: sample.state, next: "What has results is kept with them." },
            });
          await updateAll(
            tx,
            "lab.result",
            "lab.result.cancel",
            results.map((each) => ({ row: { id: each.id, version: each.version, state: "cancelled" }, fields: {} })),
          );
          await changeSample(tx, sample, "lab.sample.cancel", { state: "cancelled" }, { reason: request.body.reason });
          return { id: sample.id, version: version + 1 };
        });
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/samples/{id}/publish",
      summary: "Publish a verified sample against one or several specifications",
      tag: "lab",
      permission: "lab.sample.publish",
      params: idParams,
      body: Type.Object({ specificationIds: Type.Array(uuid, { maxItems: 10 }) }, closed),
      answers: { 201: Type.Object({ id: Type.String(), number: Type.Integer() }) },
      handle: async (request) => {
        const version = request.version;
        const body = await kernel.door.work(request.credential, "lab.sample.publish", async (tx) => {
          const sample = await requireSample(tx, request.params.id, version);
          if (sample.state !== "verified")
            throw problem.wrong_state({
              values: { number: sample.number, state: sample.state, next: "Only what is verified is published." },
            });
          return publishSample(tx, sample, request.body.specificationIds);
        });
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/samples/{id}/unlock",
      summary: "Unlock a verified or published sample, with the reason",
      tag: "lab",
      permission: "lab.sample.unlock",
      params: idParams,
      body: Type.Object({ reason }, closed),
      answers: versioned,
      handle: async (request) => {
        const version = request.version;
        const body = await kernel.door.work(request.credential, "lab.sample.unlock", async (tx) => {
          const sample = await requireSample(tx, request.params.id, version);
          if (sample.state !== "verified" && sample.state !== "published")
            throw problem.wrong_state({
              values: { number: sample.number, state: sample.state, next: "It is not locked." },
            });
          return unlockSample(tx, request.raw, sample, request.body.reason);
        });
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
  ];
}

type SampleRow = Awaited<ReturnType<typeof requireSample>>;

/** The sample at the version its caller saw. */
export async function requireSample(tx: Tx, id: string, version: number) {
  const row = await tx.first(
    query
      .selectFrom("lab.sample")
      .select(["id", "version", "number", "state", "place", "product_id", "specification_version_id", "locked_at"])
      .where("id", "=", id)
      .where("deleted_at", "is", null)
      .forUpdate(),
  );
  if (!row) throw doorProblem.not_found();
  if (row.version !== version) throw doorProblem.stale({ values: { current: row.version, given: version } });
  return row;
}

async function changeSample(
  tx: Tx,
  sample: Pick<SampleRow, "id" | "version">,
  action: string,
  set: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, unknown>> = set,
): Promise<void> {
  const changed = await updateAll(tx, "lab.sample", action, [
    { row: { id: sample.id, version: sample.version, ...set }, fields },
  ]);
  if (changed !== 1) throw doorProblem.stale({ values: { current: sample.version + 1, given: sample.version } });
}

/** Receives what is registered, all or none; who and when are the server's to write. */
export async function receiveSamples(
  tx: Tx,
  ids: readonly string[],
  place: string | null,
  condition: string | null,
): Promise<number> {
  const rows = await tx.all(
    query
      .selectFrom("lab.sample")
      .select(["id", "version", "number", "state"])
      .where("id", "in", [...ids])
      .where("deleted_at", "is", null)
      .forUpdate(),
  );
  if (rows.length !== new Set(ids).size) throw doorProblem.not_found();
  const other = rows.find((row) => row.state !== "registered");
  if (other)
    throw problem.wrong_state({
      values: { number: other.number, state: other.state, next: "Only what is registered is received." },
    });
  const name = await nameOfActor(tx);
  await updateAll(
    tx,
    "lab.sample",
    "lab.sample.receive",
    rows.map((row) => ({
      row: { id: row.id, version: row.version, state: "received", received_name: name, place, condition },
      fields: { place, condition },
    })),
  );
  await insertAll(
    tx,
    "lab.custody",
    "lab.custody.create",
    rows.map((row) => ({
      row: { id: uuidv7(), sample_id: row.id, act: "received", place, holder: name, remark: condition },
      fields: { act: "received", place },
    })),
  );
  return rows.length;
}

/** What is told of a sample from now on; what was told before stays beside it. */
export async function publishSample(tx: Tx, sample: SampleRow, specificationIds: readonly string[]) {
  await requireConcluded(tx, sample);
  const known = await currentSpecifications(tx, [sample.product_id]);
  const chosen = specificationIds.map((id) => known.get(id));
  if (chosen.some((each) => each === undefined)) throw problem.specification_elsewhere();
  const evaluations = await evaluationsOf(
    tx,
    sample,
    chosen.flatMap((each) => each ?? []),
  );
  const last = await tx.first(
    query
      .selectFrom("lab.publication")
      .select("number")
      .where("sample_id", "=", sample.id)
      .orderBy("number", "desc")
      .limit(1),
  );
  const [id, number] = [uuidv7(), (last?.number ?? 0) + 1];
  await insertAll(tx, "lab.publication", "lab.publication.create", [
    {
      row: { id, sample_id: sample.id, number, evaluations, publisher: await nameOfActor(tx) },
      fields: { number, evaluations },
    },
  ]);
  await changeSample(tx, sample, "lab.sample.publish", { state: "published" }, { number });
  return { id, number };
}

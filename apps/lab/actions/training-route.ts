import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { Type } from "typebox";
import { sql } from "kysely";
import {
  defineRoute,
  doorProblem,
  exportRows,
  isActiveMember,
  type Kernel,
  type Route,
  type Tx,
} from "@probity/kernel";
import { insertAll, updateAll } from "../bulk.ts";
import { query } from "../query.ts";
import { currentMethods } from "./frozen.ts";
import { csvAnswer } from "./gate-route.ts";
import { hasWords, listed } from "./list-word.ts";
import { instrumentProblem as problem } from "./instrument-error.ts";
import { printedName } from "./investigation-step.ts";
import { mayOf } from "./sample-view.ts";

const read = "lab.sample.read";
const assess = "lab.training.assess";
const closed = { additionalProperties: false };
const uuid = Type.String({ format: "uuid" });
const day = Type.String({ format: "date", pattern: "^(19|20)[0-9]{2}-" });
const words = (max: number) => Type.String({ minLength: 1, maxLength: max, pattern: "\\S" });

/** Who is trained on which method: recorded by another person, counted from then on, ended by its day or a revocation. */
export function trainingRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/lab/trainings",
      summary: "People who enter results, methods in force, and who is trained on which; as JSON or CSV",
      tag: "lab",
      permission: read,
      query: Type.Object({
        person: Type.Optional(uuid),
        method: Type.Optional(uuid),
        /** Words of the method's code or title, beside those of the person's name. */
        on: Type.Optional(Type.String({ maxLength: 200 })),
        ...listed,
      }),
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const { person, method, on, q, format } = request.query;
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          if (format === "csv")
            await tx.record({
              action: "lab.training.export",
              record: "lab.training",
              fields: { person: person ?? null, method: method ?? null, on: on ?? null, q: q ?? null },
            });
          else kernel.access.read(tx.who, read, request.source, "lab.training");
          let list = trainings();
          if (person !== undefined) list = list.where("t.person_id", "=", person);
          if (method !== undefined) list = list.where("v.method_id", "=", method);
          return {
            items: (await tx.all(list))
              .filter((row) => hasWords(q, row.person) && hasWords(on, row.method, row.title))
              .map((row) => ({ ...row, status: statusOf(row) })),
            people: await peopleOf(tx),
            methods: [...(await currentMethods(tx)).values()]
              .map(({ id, methodId, code, number, title, definition }) => ({
                id,
                methodId,
                code,
                number,
                title,
                required: definition.training === true,
              }))
              .toSorted((a, b) => a.code.localeCompare(b.code)),
            you: tx.who.actorId,
            may: await mayOf(tx),
          };
        });
        if (format === "csv") return csvAnswer("training", trainingColumns, body.items);
        return { body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/trainings",
      summary: "Record that somebody was trained on a version of a method; never oneself",
      tag: "lab",
      permission: assess,
      body: Type.Object(
        {
          personId: uuid,
          methodVersionId: uuid,
          way: Type.Union([Type.Literal("read"), Type.Literal("observed"), Type.Literal("examined")]),
          evidence: words(500),
          validUntil: day,
        },
        closed,
      ),
      answers: { 201: Type.Object({ id: Type.String() }) },
      handle: async (request) => {
        const id = await kernel.door.work(request.credential, assess, (tx) => train(tx, request.body));
        return { status: 201, body: { id } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/trainings/{id}/revoke",
      summary: "Revoke a training from now on, with the reason",
      tag: "lab",
      permission: assess,
      params: Type.Object({ id: uuid }),
      body: Type.Object({ reason: words(500) }, closed),
      answers: { 200: Type.Object({ id: Type.String(), version: Type.Integer() }) },
      handle: async (request) => {
        const [{ id }, version] = [request.params, request.version];
        await kernel.door.work(request.credential, assess, async (tx) => {
          const row = await tx.first(
            query
              .selectFrom("lab.training")
              .select(["version", "revoked_reason"])
              .where("id", "=", id)
              .where("deleted_at", "is", null)
              .forUpdate(),
          );
          if (!row) throw doorProblem.not_found();
          if (row.version !== version) throw doorProblem.stale({ values: { current: row.version, given: version } });
          if (row.revoked_reason !== null) throw problem.training_revoked();
          const set = { revoked_reason: request.body.reason, revoked_name: await printedName(tx) };
          await updateAll(tx, "lab.training", "lab.training.revoke", [{ row: { id, version, ...set }, fields: set }]);
        });
        return { body: { id, version: version + 1 }, headers: { etag: `"${version + 1}"` } };
      },
    }),
  ];
}

export type NewTraining = {
  readonly personId: string;
  readonly methodVersionId: string;
  readonly way: "read" | "observed" | "examined";
  readonly evidence: string;
  readonly validUntil: string;
};

async function train(tx: Tx, given: NewTraining): Promise<string> {
  if (given.personId === tx.who.actorId) throw problem.training_own();
  if (!(await isActiveMember(tx, given.personId))) throw doorProblem.not_found();
  const version = await tx.first(
    query.selectFrom("lab.method_version").select("id").where("id", "=", given.methodVersionId),
  );
  const person = await tx.first(query.selectFrom("kernel.membership").select("name").where("id", "=", given.personId));
  if (!version || !person) throw doorProblem.not_found();
  const today = new Date();
  const latest = new Date(Date.UTC(today.getUTCFullYear() + 5, today.getUTCMonth(), today.getUTCDate()));
  if (given.validUntil < today.toISOString().slice(0, 10) || given.validUntil > latest.toISOString().slice(0, 10))
    throw problem.training_end();
  const id = uuidv7();
  const row = {
    id,
    person_id: given.personId,
    method_version_id: given.methodVersionId,
    way: given.way,
    evidence: given.evidence,
    valid_until: given.validUntil,
    person_name: person.name,
    assessor_name: await printedName(tx),
  };
  await insertAll(tx, "lab.training", "lab.training.create", [{ row, fields: { ...row } }]);
  return id;
}

type Standing = { validUntil: string; revokedAt: Date | null };
/** Whether a training counts today; `due-soon` within sixty days of its end. */
function statusOf({ validUntil, revokedAt }: Standing): "trained" | "due-soon" | "ended" | "revoked" {
  if (revokedAt !== null) return "revoked";
  const today = new Date().toISOString().slice(0, 10);
  if (validUntil < today) return "ended";
  return Date.parse(validUntil) - Date.parse(today) <= 60 * 86_400_000 ? "due-soon" : "trained";
}

/** Those who may enter results, and whoever was ever trained. */
async function peopleOf(tx: Tx) {
  return tx.all(
    query
      .selectFrom("kernel.membership as m")
      .select(["m.id", "m.name"])
      .where(
        sql<boolean>`(m.status = 'active' and m.deleted_at is null and 'lab.result.enter' = any (kernel.permissions_of(m.id)))
          or exists (select from lab.training t where t.tenant_id = m.tenant_id and t.person_id = m.id)`,
      )
      .orderBy("m.name")
      .orderBy("m.id")
      .limit(500),
  );
}

const trainingColumns = [
  "person",
  "method",
  "methodVersion",
  "title",
  "way",
  "evidence",
  "assessor",
  "trainedAt",
  "validUntil",
  "status",
  "revokedBy",
  "revokedReason",
];

function trainings() {
  return query
    .selectFrom("lab.training as t")
    .innerJoin("lab.method_version as v", "v.id", "t.method_version_id")
    .innerJoin("lab.method as m", "m.id", "v.method_id")
    .select([
      "t.id",
      "t.version",
      "t.person_id as personId",
      "t.person_name as person",
      "t.method_version_id as methodVersionId",
      "v.method_id as methodId",
      "v.number as methodVersion",
      "m.code as method",
      "m.title",
      "t.way",
      "t.evidence",
      "t.assessor_name as assessor",
      "t.created_by as assessorId",
      "t.created_at as trainedAt",
      sql<string>`t.valid_until::text`.as("validUntil"),
      "t.revoked_at as revokedAt",
      "t.revoked_name as revokedBy",
      "t.revoked_reason as revokedReason",
    ])
    .where("t.deleted_at", "is", null)
    .orderBy("t.created_at", "desc")
    .limit(exportRows + 1);
}

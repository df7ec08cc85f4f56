import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { Value } from "typebox/value";
import { doorProblem, type Tx } from "@probity/kernel";
import { insertAll, orderedIds, updateAll } from "../bulk.ts";
import { query } from "../query.ts";
import { addDays, addMonths, isZone } from "../schedule/rhythm.ts";
import { protocolFault, protocolSchema, unitsNeeded, type Protocol } from "../statistic/study-plan.ts";
import { currentSpecifications } from "./frozen.ts";
import { nextNumbers } from "./number.ts";
import { registerSamples } from "./register.ts";
import { nameOfActor } from "./save-result.ts";
import { stabilityProblem as problem } from "./stability-error.ts";

/** What is said of a protocol beside its conditions. */
export type ProtocolSaid = { readonly specificationId: string; readonly content: Protocol; readonly reason: string };

/** A stored protocol: what the server itself wrote after checking it. */
export function readProtocol(kept: unknown): Protocol {
  if (!Value.Check(protocolSchema, kept)) throw new Error("A stability protocol is not of its shape");
  return kept;
}

/** Opens a study of a product with the draft of its first protocol. */
export async function createStudy(tx: Tx, productId: string, title: string, said: ProtocolSaid) {
  const product = await tx.first(
    query.selectFrom("lab.product").select("id").where("id", "=", productId).where("deleted_at", "is", null),
  );
  if (!product) throw doorProblem.not_found();
  const limits = await requireSense(tx, productId, said);
  const [numbered] = await nextNumbers(tx, "study", 1);
  const id = uuidv7();
  await insertAll(tx, "lab.study", "lab.study.create", [
    { row: { id, ...numbered, title, product_id: productId }, fields: { number: numbered?.number, title } },
  ]);
  const protocolId = await addProtocol(tx, id, 1, limits, said);
  return { id, number: numbered?.number ?? "", protocolId };
}

/** Drafts the next version of a protocol. Batches that were started keep the one they were started under. */
export async function draftProtocol(tx: Tx, studyId: string, said: ProtocolSaid) {
  const study = await requireStudy(tx, studyId);
  const last = await tx.first(
    query
      .selectFrom("lab.study_protocol")
      .select(["number", "state"])
      .where("study_id", "=", studyId)
      .orderBy("number", "desc")
      .limit(1),
  );
  if (last?.state === "draft") throw problem.protocol_drafted({ values: { number: last.number } });
  const limits = await requireSense(tx, study.product_id, said);
  const number = (last?.number ?? 0) + 1;
  return { id: await addProtocol(tx, studyId, number, limits, said), number };
}

/** Changes a draft; what is approved stays. */
export async function changeProtocol(tx: Tx, id: string, version: number, said: ProtocolSaid) {
  const protocol = await requireProtocol(tx, id, version);
  if (protocol.state !== "draft") throw problem.protocol_frozen({ values: { number: protocol.number } });
  const limits = await requireSense(tx, protocol.product_id, said);
  const row = { content: said.content, specification_version_id: limits, reason: said.reason };
  await updateAll(tx, "lab.study_protocol", "lab.study_protocol.change", [
    { row: { id, version, ...row, written_name: await nameOfActor(tx) }, fields: row },
  ]);
  return { id, version: version + 1 };
}

/** Freezes a protocol by another person's approval; the database refuses it once more to whoever wrote any of it. */
export async function approveProtocol(tx: Tx, id: string, version: number) {
  const protocol = await requireProtocol(tx, id, version);
  if (protocol.state !== "draft") throw problem.protocol_frozen({ values: { number: protocol.number } });
  const own = await tx.first(
    query
      .selectFrom("kernel.version_history as h")
      .select("h.version")
      .where("h.row_id", "=", id)
      .where(sql<boolean>`h.body ->> 'written_by' = ${tx.who.actorId}`)
      .limit(1),
  );
  if (own) throw problem.protocol_own();
  await updateAll(tx, "lab.study_protocol", "lab.study_protocol.approve", [
    {
      row: { id, version, state: "approved", approved_name: await nameOfActor(tx) },
      fields: { approved: version, number: protocol.number },
    },
  ]);
  return { id, version: version + 1 };
}

export type Stored = { readonly condition: string; readonly units: number; readonly place: string };

/** Starts a batch today under the newest approved protocol: lays its units in and derives every pull. */
export async function startBatch(tx: Tx, studyId: string, lot: string, stored: readonly Stored[]) {
  // 1. The protocol, and what it asks of a batch.
  const study = await requireStudy(tx, studyId);
  const protocol = await tx.first(
    query
      .selectFrom("lab.study_protocol")
      .select(["id", "content"])
      .where("study_id", "=", studyId)
      .where("state", "=", "approved")
      .orderBy("number", "desc")
      .limit(1),
  );
  if (!protocol) throw problem.protocol_unapproved({ values: { number: study.number } });
  const content = readProtocol(protocol.content);
  const there = await tx.first(
    query.selectFrom("lab.study_batch").select("id").where("study_id", "=", studyId).where("lot", "=", lot),
  );
  if (there) throw problem.batch_started({ values: { lot } });
  if (!content.batches.includes(lot)) throw wrongBatch(`The protocol names no batch ${lot}.`);
  const given = new Map(stored.map((each) => [each.condition, each]));
  if (given.size !== content.conditions.length)
    throw wrongBatch("Each condition of the protocol gets its units, once.");
  for (const condition of content.conditions) {
    const units = given.get(condition.key)?.units ?? 0;
    if (units < unitsNeeded(condition))
      throw wrongBatch(`${condition.title} needs ${unitsNeeded(condition)} units for its pulls, and gets ${units}.`);
  }
  // 2. The batch, its units, its pulls: what follows from the protocol and the day, which the database reckons too.
  const today = await todayIn(tx, content.zone);
  const [batchId, name] = [uuidv7(), await nameOfActor(tx)];
  await insertAll(tx, "lab.study_batch", "lab.study_batch.start", [
    {
      row: { id: batchId, study_id: studyId, protocol_id: protocol.id, lot, started_on: today, started_name: name },
      fields: { study: study.number, lot, startedOn: today },
    },
  ]);
  await layPlan(tx, batchId, content, today, given);
  return { id: batchId };
}

/** Units laid in and pulls derived, for a batch that was just started. */
export async function layPlan(
  tx: Tx,
  batchId: string,
  content: Protocol,
  startedOn: string,
  given: ReadonlyMap<string, Stored>,
): Promise<{ id: string; condition: string; months: number; storageId: string }[]> {
  const ids = orderedIds(content.conditions.length);
  const storages = content.conditions.map((condition, at) => ({ condition, id: ids[at] ?? uuidv7() }));
  await insertAll(
    tx,
    "lab.study_storage",
    "lab.study_storage.create",
    storages.map(({ id, condition }) => {
      const { units, place } = given.get(condition.key) ?? { units: 0, place: "" };
      return {
        row: { id, batch_id: batchId, condition: condition.key, place, units },
        fields: { condition: condition.key, units, place },
      };
    }),
  );
  const pulls = planOf(content, startedOn).map((each) => ({
    ...each,
    id: uuidv7(),
    storageId: storages.find(({ condition }) => condition.key === each.condition)?.id ?? "",
  }));
  await insertAll(
    tx,
    "lab.study_pull",
    "lab.study_pull.create",
    pulls.map(({ id, storageId, condition, months, dueOn, opensOn, closesOn, units }) => ({
      row: {
        id,
        storage_id: storageId,
        months,
        due_on: dueOn,
        opens_on: opensOn,
        closes_on: closesOn,
        units,
        state: "planned",
      },
      fields: { condition, months, dueOn },
    })),
  );
  return pulls;
}

/** Every pull that follows from a protocol for a batch started on a day. */
export function planOf(content: Protocol, startedOn: string) {
  return content.conditions.flatMap(({ key, months, units }) =>
    months.map((month) => {
      const dueOn = addMonths(startedOn, month);
      const opens = addDays(dueOn, -content.windowBefore);
      return {
        condition: key,
        months: month,
        units,
        dueOn,
        opensOn: opens < startedOn ? startedOn : opens,
        closesOn: addDays(dueOn, content.windowAfter),
      };
    }),
  );
}

/** Does a pull: who and when are the server's; outside its window it says why. Registers the sample it is tested with. */
export async function doPull(tx: Tx, id: string, version: number, reason: string | null) {
  const pull = await requirePull(tx, id, version);
  const today = await todayIn(tx, pull.content.zone);
  const deviation = today < pull.opensOn ? "early" : today > pull.closesOn ? "late" : null;
  if (deviation !== null && reason === null)
    throw problem.pull_outside({ values: { opens: pull.opensOn, closes: pull.closesOn, today, deviation } });
  const name = await nameOfActor(tx);
  const condition = pull.content.conditions.find(({ key }) => key === pull.condition)?.title ?? pull.condition;
  const [sample] = await registerSamples(tx, [
    {
      productId: pull.productId,
      specificationVersionId: pull.specificationVersionId,
      lot: pull.lot,
      sampledAt: new Date().toISOString(),
      sampledBy: name,
      remark: `${pull.study}, ${condition}, ${pull.months} months`,
    },
  ]);
  await updateAll(tx, "lab.study_pull", "lab.study_pull.pull", [
    {
      row: { id, version, state: "pulled", pulled_name: name, reason, sample_id: sample?.id },
      fields: { condition: pull.condition, months: pull.months, sample: sample?.number, deviation, reason },
    },
  ]);
  return { id, version: version + 1, sampleId: sample?.id ?? "", number: sample?.number ?? "", deviation };
}

/** Leaves a pull out, with the reason: a deviation of its own. */
export async function omitPull(tx: Tx, id: string, version: number, reason: string) {
  const pull = await requirePull(tx, id, version);
  await updateAll(tx, "lab.study_pull", "lab.study_pull.omit", [
    {
      row: { id, version, state: "omitted", pulled_name: await nameOfActor(tx), reason },
      fields: { condition: pull.condition, months: pull.months, reason },
    },
  ]);
  return { id, version: version + 1 };
}

async function requirePull(tx: Tx, id: string, version: number) {
  const row = await tx.first(
    query
      .selectFrom("lab.study_pull as p")
      .innerJoin("lab.study_storage as s", "s.id", "p.storage_id")
      .innerJoin("lab.study_batch as b", "b.id", "s.batch_id")
      .innerJoin("lab.study as t", "t.id", "b.study_id")
      .innerJoin("lab.study_protocol as c", "c.id", "b.protocol_id")
      .select([
        "p.version",
        "p.state",
        "p.months",
        "p.pulled_name",
        sql<string>`p.opens_on::text`.as("opensOn"),
        sql<string>`p.closes_on::text`.as("closesOn"),
        "s.condition",
        "b.lot",
        "t.number as study",
        "t.product_id as productId",
        "c.content",
        "c.specification_version_id as specificationVersionId",
      ])
      .where("p.id", "=", id)
      .where("p.deleted_at", "is", null)
      .forUpdate("p"),
  );
  if (!row) throw doorProblem.not_found();
  if (row.state !== "planned")
    throw problem.pull_done({ values: { state: row.state, who: row.pulled_name ?? "Probity" } });
  if (row.version !== version) throw doorProblem.stale({ values: { current: row.version, given: version } });
  return { ...row, content: readProtocol(row.content) };
}

async function requireStudy(tx: Tx, id: string) {
  const row = await tx.first(
    query
      .selectFrom("lab.study")
      .select(["id", "number", "product_id"])
      .where("id", "=", id)
      .where("deleted_at", "is", null)
      .forUpdate(),
  );
  if (!row) throw doorProblem.not_found();
  return row;
}

async function requireProtocol(tx: Tx, id: string, version: number) {
  const row = await tx.first(
    query
      .selectFrom("lab.study_protocol as p")
      .innerJoin("lab.study as s", "s.id", "p.study_id")
      .select(["p.id", "p.version", "p.number", "p.state", "s.product_id"])
      .where("p.id", "=", id)
      .where("p.deleted_at", "is", null)
      .forUpdate("p"),
  );
  if (!row) throw doorProblem.not_found();
  if (row.version !== version) throw doorProblem.stale({ values: { current: row.version, given: version } });
  return row;
}

/** Refuses what makes no sense; gives the version of the limits that is frozen with it. */
async function requireSense(tx: Tx, productId: string, { specificationId, content }: ProtocolSaid): Promise<string> {
  const fault =
    protocolFault(content) ?? (isZone(content.zone) ? null : `This server does not know the zone “${content.zone}”.`);
  if (fault !== null) throw problem.protocol_wrong({ values: { why: fault } });
  const specification = (await currentSpecifications(tx, [productId])).get(specificationId);
  if (specification === undefined) throw doorProblem.not_found();
  const strange = content.assays.find((key) => !specification.limits.some(({ analyte }) => analyte === key));
  if (strange !== undefined)
    throw problem.protocol_wrong({ values: { why: `The specification determines no ${strange}.` } });
  return specification.id;
}

async function addProtocol(
  tx: Tx,
  studyId: string,
  number: number,
  limits: string,
  said: ProtocolSaid,
): Promise<string> {
  const id = uuidv7();
  await insertAll(tx, "lab.study_protocol", "lab.study_protocol.create", [
    {
      row: {
        id,
        study_id: studyId,
        number,
        state: "draft",
        specification_version_id: limits,
        content: said.content,
        reason: said.reason,
        written_name: await nameOfActor(tx),
      },
      fields: { number, content: said.content, reason: said.reason },
    },
  ]);
  return id;
}

/** The day it is for a study, by the database's clock: its triggers reckon with the same. */
async function todayIn(tx: Tx, zone: string): Promise<string> {
  const row = await tx.first(query.selectNoFrom(sql<string>`(now() at time zone ${zone})::date::text`.as("today")));
  return row?.today ?? "";
}

const wrongBatch = (why: string) => problem.batch_wrong({ values: { why } });

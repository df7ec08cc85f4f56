import { Type } from "typebox";
import { sql } from "kysely";
import { defineRoute, doorProblem, type Kernel, type Route, type Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { correctedByReader, openHolds } from "./gate.ts";
import { presentResults, resultColumns } from "./present.ts";
import { verifyByProof } from "./verification-route.ts";
import {
  keepList,
  readVerification,
  resultsToVerify,
  underInvestigation,
  wayOfVerifying,
  type Waiting,
} from "./verify.ts";
import { verifyProblem } from "./verify-error.ts";

const may = "lab.result.verify";
const uuid = Type.String({ format: "uuid" });
const closed = { additionalProperties: false };
const mostSamples = 200;

type Asked = { readonly id: string; readonly version: number };
type Named = { readonly id: string; readonly number: string };
type LeftOut = Named & { readonly why: string };

/**
 * Verification of several samples by one act. What can't be verified now is left out and told, with its reason, before anything
 * is signed; the signature, or the fresh proof, is then given for exactly the results listed, each in the version that was
 * looked at. Whatever changes in between refuses the whole list.
 */
export function selectionRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "POST",
      path: "/api/lab/verifications",
      summary: "List what one signature would verify of several samples, and what it would leave out and why",
      tag: "lab",
      permission: may,
      body: Type.Object(
        {
          samples: Type.Array(Type.Object({ id: uuid, version: Type.Integer({ minimum: 1 }) }, closed), {
            minItems: 1,
            maxItems: mostSamples,
          }),
        },
        closed,
      ),
      answers: {
        201: Type.Object({
          id: Type.String(),
          version: Type.Integer(),
          count: Type.Integer(),
          way: Type.Union([Type.Literal("signature"), Type.Literal("step-up")]),
          samples: Type.Array(Type.Unknown()),
          results: Type.Array(Type.Unknown()),
          leftOut: Type.Array(Type.Unknown()),
        }),
      },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, may, async (tx) => {
          const way = await wayOfVerifying(tx);
          if (way === "refused") throw verifyProblem.unsigned_refused();
          const { samples, leftOut, waiting } = await choose(tx, request.body.samples);
          if (samples.length === 0) throw nothingLeft(leftOut);
          const sampleIds = samples.map((each) => each.id);
          const list = await keepList(tx, { sampleIds }, way, waiting);
          return { ...list, way, samples, results: await lookedAt(tx, waiting), leftOut };
        });
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/verifications/{id}/verify",
      summary: "Verify a list of several samples with a fresh proof, where that is let; whoever may sign signs it",
      tag: "lab",
      permission: may,
      params: Type.Object({ id: uuid }),
      answers: { 200: Type.Object({ verified: Type.Integer() }) },
      handle: async (request) => {
        const { version } = request;
        const { id } = request.params;
        const verified = await kernel.door.work(request.credential, may, async (tx) => {
          const { target } = await readVerification(tx, id);
          const list = await tx.first(
            query
              .selectFrom("lab.verification")
              .select(["version", "way", "created_by", "locked_at"])
              .where("id", "=", id)
              .forUpdate(),
          );
          // Of one sample or worksheet it is verified under that one's address; another's list is another's.
          if (list === undefined || !("sampleIds" in target) || list.created_by !== tx.who.actorId)
            throw doorProblem.not_found();
          if (list.version !== version || list.locked_at !== null) throw verifyProblem.list_moved();
          const way = await wayOfVerifying(tx);
          if (way === "signature" || list.way !== "step-up") throw verifyProblem.sign_it();
          if (way === "refused") throw verifyProblem.unsigned_refused();
          const told = `${target.sampleIds.length} samples`;
          return verifyByProof(tx, request, { id, version }, { subject: `${id} v${version}`, told });
        });
        return { body: { verified } };
      },
    }),
  ];
}

/** Which of these samples can be verified now as they were looked at, and why the others can't. */
async function choose(
  tx: Tx,
  asked: readonly Asked[],
): Promise<{ samples: Named[]; leftOut: LeftOut[]; waiting: Waiting[] }> {
  const seen = new Map(asked.map((each) => [each.id, each.version]));
  const found = await tx.all(
    query
      .selectFrom("lab.sample")
      .select(["id", "version", "number", "state"])
      .where(sql<boolean>`id = any(${[...seen.keys()]}::uuid[])`)
      .where("deleted_at", "is", null)
      .orderBy("id")
      .forUpdate(),
  );
  if (found.length !== seen.size) throw doorProblem.not_found();
  const rows = await resultsToVerify(tx, { sampleIds: [...seen.keys()] });
  const entered = rows.filter((row) => row.state === "entered");
  const investigated = await underInvestigation(tx, entered);
  const corrected = new Set((await correctedByReader(tx, entered)).map((each) => each.id));
  const held = new Map((await openHolds(tx, entered)).map((each) => [each.resultId, each.reason]));
  const samples: Named[] = [];
  const leftOut: LeftOut[] = [];
  const waiting: Waiting[] = [];
  for (const { id, number, version, state } of found) {
    const own = rows.filter((row) => row.sample_id === id);
    const mine = own.filter((row) => row.state === "entered");
    const open = own.filter((row) => row.state === "open").length;
    const typed = mine.filter((row) => row.own === true).length;
    const hold = mine.flatMap((row) => held.get(row.id) ?? [])[0];
    const why =
      version !== seen.get(id)
        ? "It changed since you looked at it. Look again."
        : state !== "tested" || mine.length === 0
          ? `Nothing of it waits for verification: it is ${state}.`
          : open > 0
            ? `${open} of its results ${open === 1 ? "is" : "are"} still open.`
            : typed > 0
              ? `You entered ${typed} of its results, and nobody verifies their own.`
              : mine.some((row) => corrected.has(row.id))
                ? "You corrected what it was made with, so somebody else verifies it."
                : investigated.has(id)
                  ? "It is out of specification, or was, and its investigation is not concluded."
                  : hold === undefined
                    ? null
                    : `Held: ${hold}`;
    if (why !== null) leftOut.push({ id, number, why });
    else {
      samples.push({ id, number });
      waiting.push(...mine);
    }
  }
  return { samples, leftOut, waiting };
}

/** The results that are listed, as they stand: what is looked at is what is signed. */
async function lookedAt(tx: Tx, waiting: readonly Waiting[]) {
  const rows = await tx.all(
    query
      .selectFrom("lab.result as r")
      .innerJoin("lab.sample as s", "s.id", "r.sample_id")
      .select([...resultColumns, "s.number as sample", "s.specification_version_id"])
      .where(sql<boolean>`r.id = any(${waiting.map((row) => row.id)}::uuid[])`)
      .orderBy("s.number")
      .orderBy("r.id"),
  );
  return (await presentResults(tx, rows)).map(({ row, shown }) => ({
    ...shown,
    sample: row.sample,
    sampleId: row.sample_id,
  }));
}

function nothingLeft(leftOut: readonly LeftOut[]): Error {
  const said = leftOut.slice(0, 3).map(({ number, why }) => `${number}: ${why}`);
  const more = leftOut.length > 3 ? ` And ${leftOut.length - 3} more.` : "";
  return verifyProblem.nothing_to_select({
    values: { why: `${said.join(" ")}${more}` },
    members: { leftOut },
  });
}

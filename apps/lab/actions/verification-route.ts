import { Type } from "typebox";
import { sql } from "kysely";
import {
  defineRoute,
  lockRecord,
  stepUpOf,
  stepUpRequired,
  type Kernel,
  type Route,
  type RouteRequest,
  type Tx,
} from "@probity/kernel";
import { query } from "../query.ts";
import { verification } from "../records/verification.ts";
import { requireSample } from "./sample-route.ts";
import { nameOfActor } from "./save-result.ts";
import { toldOf } from "./told.ts";
import { listToVerify, verifyListed, wayOfVerifying, type Whole } from "./verify.ts";
import { verifyProblem } from "./verify-error.ts";
import { requireWorksheet } from "./worksheet-route.ts";

const may = "lab.result.verify";
const idParams = Type.Object({ id: Type.String({ format: "uuid" }) });
const common = { method: "POST", tag: "lab", permission: may, params: idParams } as const;
const sets = [
  { path: "samples", noun: "sample", target: (id: string): Whole => ({ sampleId: id }), hold: requireSample },
  {
    path: "worksheets",
    noun: "worksheet",
    target: (id: string): Whole => ({ worksheetId: id }),
    hold: requireWorksheet,
  },
] as const;

/**
 * Verification of a sample or worksheet whole. Whoever may sign has its results listed and signs that list; whoever may not
 * yet verifies with a fresh proof where the workspace lets them, and not at all elsewhere.
 */
export function verificationRoutes(kernel: Kernel): Route[] {
  return sets.flatMap(({ path, noun, target, hold }) => [
    defineRoute({
      ...common,
      path: `/api/lab/${path}/{id}/verification`,
      summary: `List what a signature would verify of a ${noun}; the list is then signed under its own address`,
      answers: { 201: Type.Object({ id: Type.String(), version: Type.Integer(), count: Type.Integer() }) },
      handle: async (request) => {
        const version = request.version;
        const body = await kernel.door.work(request.credential, may, async (tx) => {
          await hold(tx, request.params.id, version);
          if ((await wayOfVerifying(tx)) !== "signature") throw verifyProblem.not_a_signer();
          return listToVerify(tx, target(request.params.id), "signature");
        });
        return { status: 201, body };
      },
    }),
    defineRoute({
      ...common,
      path: `/api/lab/${path}/{id}/verify`,
      summary: `Verify every entered result of a ${noun} with a fresh proof, where that is let; nobody verifies their own`,
      answers: { 200: Type.Object({ verified: Type.Integer() }) },
      handle: async (request) => {
        const version = request.version;
        const verified = await kernel.door.work(request.credential, may, async (tx) => {
          await hold(tx, request.params.id, version);
          const way = await wayOfVerifying(tx);
          if (way === "signature") throw verifyProblem.sign_it();
          if (way === "refused") throw verifyProblem.unsigned_refused();
          return verifyUnsigned(tx, request, target(request.params.id));
        });
        return { body: { verified } };
      },
    }),
  ]);
}

async function verifyUnsigned(tx: Tx, request: Pick<RouteRequest, "raw">, of: Whole): Promise<number> {
  const subject = "sampleId" in of ? of.sampleId : of.worksheetId;
  const told = await toldOf(tx, "sampleId" in of ? "sample" : "worksheet", subject);
  return verifyByProof(tx, request, await listToVerify(tx, of, "step-up"), { subject, ...told });
}

/** Verifies a list that a fresh proof confirms: one that was given for this subject and is used up by it. */
export async function verifyByProof(
  tx: Tx,
  request: Pick<RouteRequest, "raw">,
  { id, version }: { readonly id: string; readonly version: number },
  of: { readonly subject: string; readonly told?: string },
): Promise<number> {
  const act = { action: may, ...of };
  const grant = stepUpOf(request.raw);
  if (grant === null || tx.credential.kind !== "session") throw stepUpRequired(act, tx.who.tenantId);
  // The database uses the proof up and notes that this list was confirmed by it.
  const confirm = sql`select lab.confirm_verification(${id}, ${grant}, ${tx.credential.token})`;
  await tx.all({ compile: () => confirm.compile(query) }).catch((error: unknown) => {
    if (error instanceof Error && error.message === "step_up_required") throw stepUpRequired(act, tx.who.tenantId);
    throw error;
  });
  await lockRecord(tx, { record: verification }, id, version, { confirmed: true });
  return verifyListed(tx, id, await nameOfActor(tx));
}

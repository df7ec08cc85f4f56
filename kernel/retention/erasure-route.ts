import { Type } from "typebox";
import { defineRoute, type Route } from "../http/route.ts";
import { spendStepUp } from "../identity/step-up.ts";
import type { Kernel } from "../kernel.ts";
import { query } from "../work/query.ts";
import { untilCovered } from "../ledger/until-covered.ts";
import { erasePermission, erasePerson, previewErasure } from "./erasure.ts";
import { retentionProblem } from "./error.ts";
import { receiptProof } from "./receipt-proof.ts";

const idParams = Type.Object({ id: Type.String({ format: "uuid" }) });

/** Members by their id; everybody else by the id of a row that names them, such as a customer's contact. */
const subjects = [
  {
    path: "/api/people/{id}/erasure",
    record: "kernel.membership",
    see: "What there is of a person, and what keeps it",
    act: "Erase a person for good",
  },
  {
    path: "/api/erasures/outside/{id}",
    record: "kernel.erasure",
    see: "What there is of somebody a record names, and what keeps it",
    act: "Erase somebody a record names for good",
  },
] as const;

/** Forgetting a person: what there is of them, the erasure itself, and its receipts. An owner's alone. */
export function erasureRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/erasures",
      summary: "Receipts of erasures",
      tag: "retention",
      permission: erasePermission,
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const items = await kernel.door.work(request.credential, erasePermission, async (tx) => {
          kernel.access.read(tx.who, erasePermission, request.source, "kernel.erasure");
          return tx.all(query.selectFrom("kernel.erasure").select("receipt").orderBy("id", "desc").limit(500));
        });
        return { body: { items: items.map(({ receipt }) => receipt) } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/erasures/{id}/proof",
      summary: "One receipt with its proof: verifies without this server, and names nobody",
      tag: "retention",
      permission: erasePermission,
      params: idParams,
      answers: { 200: Type.Unknown() },
      handle: async (request) => {
        const read = () =>
          kernel.door.work(request.credential, erasePermission, async (tx) => {
            kernel.access.read(tx.who, erasePermission, request.source, "kernel.erasure", request.params.id);
            return receiptProof(tx, request.params.id);
          });
        const proof = await untilCovered(read, 5);
        if (proof === undefined) throw retentionProblem.proof_waits();
        return { body: proof };
      },
    }),
    ...subjects.flatMap(({ path, record, see, act }) => [
      defineRoute({
        method: "GET",
        path,
        summary: see,
        tag: "retention",
        permission: erasePermission,
        params: idParams,
        answers: { 200: Type.Unknown() },
        handle: async (request) => {
          const { id } = request.params;
          const body = await kernel.door.work(request.credential, erasePermission, async (tx) => {
            const found = await previewErasure(tx, id);
            kernel.access.read(tx.who, erasePermission, request.source, record, id);
            return found;
          });
          return { body };
        },
      }),
      defineRoute({
        method: "POST",
        path,
        summary: act,
        tag: "retention",
        permission: erasePermission,
        params: idParams,
        body: Type.Object(
          { basis: Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" }) },
          { additionalProperties: false },
        ),
        answers: { 201: Type.Unknown() },
        handle: async (request) => {
          const { id } = request.params;
          const receipt = await erasePerson(kernel, request.credential, {
            id,
            basis: request.body.basis,
            prove: (tx) => spendStepUp(tx, request.raw, { action: erasePermission, subject: id }),
          });
          return { status: 201, body: receipt };
        },
      }),
    ]),
  ];
}

import { defineControl } from "../control.ts";
import { listOf, recordOf } from "../http.ts";
import { promises } from "../promise.ts";
import { verifies } from "../trust-key.ts";
import { allOf } from "./outcome.ts";

export const statementProof = defineControl({
  id: "TRU-01",
  standards: ["SOC 2 CC2.3", "SOC 2 CC4.1", "ISO 27001 A.5.35"],
  yourPart:
    "Keep the instance's public key from a day you trusted it, and test with two accounts of your own: npx probity probe.",
  maxAgeMinutes: 45,
  probes: [
    {
      id: "signed-statement",
      kind: "read-only",
      title: "The statement lists every promise and verifies under the published key; a changed one does not",
      run: async ({ http }) => {
        const statement = (await http("GET", "/trust.json")).body;
        const keys = listOf((await http("GET", "/.well-known/jwks.json")).body["keys"]);
        const listed = new Set(listOf(statement["controls"]).map((each) => each["id"]));
        return allOf(`all ${promises.length} promises are listed, and the signature verifies`, [
          [promises.every(({ id }) => listed.has(id)), "a promise is missing from the statement"],
          [keys.length > 0, "no key is published"],
          [verifies(statement, keys), "the statement's signature does not verify"],
        ]);
      },
      negative: async ({ http }) => {
        const statement = (await http("GET", "/trust.json")).body;
        const keys = listOf((await http("GET", "/.well-known/jwks.json")).body["keys"]);
        const controls = listOf(statement["controls"]);
        const prettier = { ...statement, controls: controls.map((each) => ({ ...recordOf(each), status: "active" })) };
        const shorter = { ...statement, controls: controls.slice(1) };
        const answers = await Promise.all(
          (["POST", "PUT", "PATCH", "DELETE"] as const).map((method) => http(method, "/trust.json", { json: {} })),
        );
        return allOf(
          "a statement with every status set to active, or with a control left out, does not verify; the address takes no change",
          [
            [!verifies(prettier, keys), "a changed statement verifies"],
            [!verifies(shorter, keys), "a statement with a control left out verifies"],
            [answers.every(({ status }) => status === 404 || status === 405), "the statement's address takes a change"],
          ],
        );
      },
    },
  ],
});

import { defineControl } from "../control.ts";
import { collectionsPath, linkTo } from "../scratch-document.ts";
import { allOf } from "./outcome.ts";

const lifeMilliseconds = 3_600_000;
const skewMilliseconds = 60_000;

export const downloadLink = defineControl({
  id: "FIL-03",
  standards: ["SOC 2 CC6.1", "SOC 2 CC6.7", "ISO 27001 A.5.14", "ISO 27001 A.8.12"],
  yourPart:
    "A link is a key for an hour, that of a certificate for as many days as its sender chose: send it to nobody you would not send the file to.",
  maxAgeMinutes: 45,
  probes: [
    {
      id: "life",
      kind: "scratch",
      title: "A link opens its file, ends within an hour, and its use is in the audit trail",
      run: async ({ http, scratch, document, database }) => {
        const { documentId, bytes } = await document();
        const link = await linkTo(http, scratch.a.ownerKey, documentId);
        const got = await http("GET", link.url);
        const life = Date.parse(link.expiresAt) - Date.now();
        // A certificate sent to a customer is opened by its own link for days, by a policy of its own: no file's address.
        const [long] = await database.attempt("probity_across", (connection) =>
          connection.query(
            "select count(*) as n from kernel.link where permission = 'kernel.file.open' and expires_at > created_at + interval '1 hour 1 minute'",
          ),
        );
        const [used] = await database.attempt("setup", async (connection) => {
          await connection.query("set local role probity_door");
          return connection.query(
            `select (select count(*) from kernel.ledger_event where tenant_id = $1 and action = 'kernel.file.download')
               + (select count(*) from kernel.ledger_inbox where tenant_id = $1 and action = 'kernel.file.download') as n`,
            [scratch.a.id],
          );
        });
        return allOf(
          "a fresh link gave its file, ends in at most an hour, as every link of every tenant does, and left its leaf",
          [
            [got.status === 200 && got.bytes?.equals(bytes) === true, `a fresh link gave ${got.status}`],
            [
              life > 0 && life <= lifeMilliseconds + skewMilliseconds,
              `the link lives ${Math.round(life / 60_000)} minutes`,
            ],
            [Number(long?.["n"]) === 0, "a link to a file lives longer than an hour"],
            [Number(used?.["n"]) > 0, "the download left no leaf"],
          ],
        );
      },
      negative: async ({ http, scratch, document }) => {
        const { documentId } = await document();
        const revoked = await linkTo(http, scratch.a.ownerKey, documentId);
        const byB = await http("DELETE", `/api/links/${revoked.id}`, { key: scratch.b.ownerKey });
        const byA = await http("DELETE", `/api/links/${revoked.id}`, { key: scratch.a.ownerKey });
        const afterwards = await http("GET", revoked.url);
        const token = revoked.url.slice(revoked.url.lastIndexOf("/") + 1);
        const other = token.endsWith("A") ? "B" : "A";
        const tampered = await http("GET", `/api/files/${token.slice(0, -2)}${other}${token.slice(-1)}`);
        const fresh = await linkTo(http, scratch.a.ownerKey, documentId);
        const freshToken = fresh.url.slice(fresh.url.lastIndexOf("/") + 1);
        const asKey = await http("GET", collectionsPath, { key: freshToken });
        return allOf(
          "a revoked link, a changed token, a link used as a key, and another tenant revoking it were refused",
          [
            [byB.status === 404, `tenant B revoking A's link got ${byB.status}`],
            [byA.status === 204, `its owner revoking the link got ${byA.status}`],
            [afterwards.status === 401, `a revoked link gave ${afterwards.status}`],
            [tampered.status === 401 || tampered.status === 404, `a link with a changed token gave ${tampered.status}`],
            [asKey.status === 401, `a link used as a key gave ${asKey.status}`],
          ],
        );
      },
    },
  ],
});

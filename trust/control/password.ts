import { randomUUID } from "node:crypto";
import { defineControl } from "../control.ts";
import { allOf } from "./outcome.ts";

/** Password hashes of the whole instance that are neither Argon2id of our cost nor an import's bcrypt of cost 10 or more. */
const weak = `select count(*)::int as n from identity.account
  where password is not null and password !~ '^\\$argon2id\\$v=19\\$m=(9216,t=4|12288,t=3|19456,t=2),p=1\\$'
    and password !~ '^\\$2[aby]\\$(1[0-9]|2[0-9]|3[01])\\$[./A-Za-z0-9]{53}$'`;

export const passwordHash = defineControl({
  id: "IDN-01",
  standards: ["SOC 2 CC6.1", "ISO 27001 A.8.5", "OWASP ASVS 6.2.4", "OWASP ASVS 11.4.2", "NIST SP 800-63B-4 §3.1.1"],
  yourPart: "Choose a long password that you use nowhere else.",
  notProbed: ["the list of common passwords", "the look-up of breached passwords, where it is configured"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "stored-hashes",
      kind: "catalogue",
      title: "Every stored password of the instance is a hash of the promised kind; one that is not is found",
      run: async ({ kernel }) => {
        const found = await kernel.identityPool.query<{ n: number }>(weak);
        const n = found.rows[0]?.n ?? -1;
        return allOf("every stored password is Argon2id (9 MiB in four passes, or as good) or an import's bcrypt", [
          [n === 0, `${n} stored passwords are hashed in another way`],
        ]);
      },
      negative: async ({ kernel }) => {
        const client = await kernel.identityPool.connect();
        try {
          const counts: number[] = [];
          // Laid down and taken back: neither is ever committed.
          for (const stored of ["copper lantern folds 81", `$2b$08$${"a".repeat(53)}`]) {
            await client.query("begin");
            const id = randomUUID();
            await client.query(`insert into identity."user" (id, name, email) values ($1, 'Probe', $2)`, [
              id,
              `${id}@probe.invalid`,
            ]);
            await client.query(
              "insert into identity.account (id, user_id, account_id, provider_id, password) values ($1::uuid, $1::uuid, ($1::uuid)::text, 'credential', $2)",
              [id, stored],
            );
            counts.push((await client.query<{ n: number }>(weak)).rows[0]?.n ?? 0);
            await client.query("rollback");
          }
          return allOf("a password in clear and a bcrypt hash of cost 8, laid down and taken back, were found", [
            [counts[0] === 1, "a password in clear was not found"],
            [counts[1] === 1, "a weak bcrypt hash was not found"],
          ]);
        } finally {
          await client.query("rollback").catch(() => undefined);
          client.release();
        }
      },
    },
  ],
});

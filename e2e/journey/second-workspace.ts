/**
 * Founds a second workspace with an owner on a home whose server is stopped. The product founds one workspace, at its
 * set-up; the isolation journey needs two.
 *
 *   PROBITY_HOME=… node e2e/journey/second-workspace.ts E-MAIL PASSWORD NAME
 */
import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { admit } from "../../kernel/identity/membership.ts";
import { checkedPerson, insertPerson } from "../../kernel/identity/person.ts";
import { foundWorkspace } from "../../kernel/tenancy/found-workspace.ts";
import { readConfig } from "../../server/config.ts";
import { openInstance } from "../../server/open.ts";

const [email = "", password = "", name = ""] = process.argv.slice(2);
const instance = await openInstance(readConfig());
try {
  const { kernel } = instance;
  const credential = kernel.system(uuidv7(), { address: null, requestId: "journey" });
  const slug = name.toLowerCase().replaceAll(/\W+/g, "-");
  const person = checkedPerson({ name: "Ben Osei", email, password });
  const userId = await insertPerson(kernel.identityPool, person);
  if (userId === undefined) throw new Error(`${email} is known already`);
  await foundWorkspace(kernel, credential, { slug, name, preset: "regulatory-docs" }, (tx) =>
    admit(tx, { userId, name: person.name, email: person.email, role: "owner" }),
  );
} finally {
  await instance.close();
}

import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { admit } from "../identity/membership.ts";
import type { Kernel } from "../kernel.ts";

/** Somebody in a scratch workspace who is there to be forgotten, named like nobody else. */
export async function admitProbePerson(
  kernel: Pick<Kernel, "door" | "system" | "identityPool">,
  workspace: string,
  person: { readonly name: string; readonly email: string; readonly address: string },
): Promise<{ readonly id: string; readonly userId: string }> {
  const userId = uuidv7();
  await kernel.identityPool.query(`insert into identity."user" (id, name, email) values ($1, $2, $3)`, [
    userId,
    person.name,
    person.email,
  ]);
  const source = { address: person.address, requestId: "probe" };
  const id = await kernel.door.work(kernel.system(workspace, source), "kernel.membership.accept", (tx) =>
    admit(tx, { userId, name: person.name, email: person.email, role: "member" }),
  );
  return { id, userId };
}

import { openIdentity } from "../kernel/identity/identity.ts";
import { admit } from "../kernel/identity/membership.ts";
import { insertPerson } from "../kernel/identity/person.ts";
import { signIn } from "../kernel/identity/sign-in.ts";
import { openTestKernel } from "../kernel/testing/kernel.ts";
import type { Figure } from "./request.ts";

const tries = 500;
const wantedMs = 5;
const atOnce = 4;

/** Whether the time of a refusal tells what an address is: medians of 500 refused sign-ins of each kind, mixed. */
export async function run(): Promise<Figure[]> {
  const kernel = await openTestKernel();
  try {
    const identity = openIdentity(kernel, { url: "http://localhost" });
    const add = async (email: string) => {
      const userId = await insertPerson(kernel.identityPool, {
        name: "Ada",
        email,
        password: "copper lantern folds 81",
      });
      if (userId === undefined) throw new Error("taken");
      return userId;
    };
    await add("known@example.test");
    const disabled = await add("disabled@example.test");
    const elsewhere = await add("elsewhere@example.test");
    const busy = await add("busy@example.test");
    await kernel.identityPool.query(`update identity."user" set disabled_at = now() where id = $1`, [disabled]);
    await kernel.identityPool.query(
      "update identity.account set password = null, provider_id = 'sso' where user_id = $1",
      [elsewhere],
    );
    for (let index = 0; index < 5; index += 1) {
      const workspace = await kernel.foundWorkspace(`oracle-${index}`);
      const person = { userId: busy, name: "Busy", email: "busy@example.test", role: "member" } as const;
      await kernel.door.work(kernel.system(workspace), "kernel.membership.accept", (tx) => admit(tx, person));
    }
    const times = new Map<string, number[]>();
    const kinds = ["unknown", "known", "busy", "disabled", "elsewhere"];
    let next = 0;
    const worker = async () => {
      for (let at = next++; at < tries * kinds.length; at = next++) {
        // Each round in an order of its own: no kind always follows the same other.
        const kind = kinds[(at + Math.floor(at / kinds.length)) % kinds.length] ?? "";
        if (at % 13 === 0) await kernel.identityPool.query("delete from identity.sign_in_guard");
        const source = { address: `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`, requestId: "bench" };
        const started = performance.now();
        const refusal = await signIn(identity, {
          email: `${kind}@example.test`,
          password: "wrong lantern folds 81",
          source,
          userAgent: null,
        }).catch((error: unknown) => error);
        if (!(refusal instanceof Error) || !refusal.message.includes("sign_in_refused")) continue;
        times.set(kind, [...(times.get(kind) ?? []), performance.now() - started]);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    const medians = [...times].map(([kind, each]) => [kind, median(each), each.length] as const);
    const spread = Math.max(...medians.map(([, ms]) => ms)) - Math.min(...medians.map(([, ms]) => ms));
    const list = medians.map(([kind, ms, n]) => `${kind} ${ms.toFixed(1)} (${n})`).join(", ");
    return [
      {
        what: "median refusals differ",
        reached: `${spread.toFixed(2)} ms: ${list}`,
        wanted: `≤ ${wantedMs} ms`,
        good: spread <= wantedMs,
      },
    ];
  } finally {
    await kernel.close();
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

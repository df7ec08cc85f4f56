import { hash } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createHttpServer } from "../http/server.ts";
import { BudgetSpender } from "../limits/budget.ts";
import { openTestKernel, type TestKernel } from "../testing/kernel.ts";
import { ampleBudgets } from "../testing/server.ts";
import { accountRoutes } from "./account-route.ts";
import { openIdentity, type Identity } from "./identity.ts";
import { insertPerson } from "./person.ts";
import { sessionRoutes } from "./session-route.ts";

const password = "copper lantern folds 81";
const origin = "http://localhost";
let kernel: TestKernel;
let identity: Identity;
let http: FastifyInstance;
let count = 0;

beforeAll(async () => {
  kernel = await openTestKernel({ poolSize: 8 });
  identity = openIdentity(kernel, { url: origin, registration: true });
  const options = { origin, sampleData: async () => undefined };
  http = await createHttpServer(
    [...sessionRoutes(identity, options), ...accountRoutes(identity, options)],
    new BudgetSpender(kernel.door),
    {
      origin,
      trustedProxies: ["127.0.0.1"],
      maxUploadBytes: 1,
      budgets: ampleBudgets,
      logger: pino({ level: "silent" }),
    },
  );
});
afterAll(async () => {
  await http.close();
  await kernel.close();
});

async function call(
  method: "GET" | "POST" | "PUT" | "DELETE",
  url: string,
  payload?: object,
  headers: Record<string, string> = {},
) {
  const answer = await http.inject({
    method,
    url,
    ...(payload === undefined ? {} : { payload }),
    headers: { "probity-request": "1", "x-forwarded-for": `10.6.${count >> 8}.${count++ & 255}`, ...headers },
  });
  return { status: answer.statusCode, text: answer.body, headers: answer.headers };
}
async function solved(): Promise<string> {
  const { challenge } = JSON.parse((await call("GET", "/api/captcha")).text);
  for (let number = 0; ; number += 1) {
    if (hash("sha256", `${challenge.salt}.${number}`, "hex") === challenge.target)
      return [challenge.salt, challenge.target, challenge.max, challenge.expires, challenge.signature, number].join(
        ".",
      );
  }
}
/** Everything a caller sees, but what is fresh in each answer. */
function seen({ status, text, headers }: Awaited<ReturnType<typeof call>>): unknown {
  const fresh = /"requestId":"[^"]+"/;
  const { "request-id": id, date, ...rest } = headers;
  return [status, text.replace(fresh, ""), rest, typeof id, typeof date];
}

test("IDN-05 sign-in, reset and registration answer the same for every kind of address, to the last header", async () => {
  const kinds = ["known", "disabled", "elsewhere", "locked", "unknown"];
  for (const kind of kinds.slice(0, 4)) {
    const userId = await insertPerson(kernel.identityPool, { name: "Ada", email: `${kind}@example.test`, password });
    if (kind === "disabled")
      await kernel.identityPool.query(`update identity."user" set disabled_at = now() where id = $1`, [userId]);
    if (kind === "elsewhere")
      await kernel.identityPool.query(
        "update identity.account set password = null, provider_id = 'sso' where user_id = $1",
        [userId],
      );
  }
  const signIn = (kind: string) =>
    call("POST", "/api/session", { email: `${kind}@example.test`, password: "wrong lantern folds 81" });
  const signIns = await Promise.all(kinds.map(signIn));
  for (const each of signIns) expect(seen(each)).toEqual(seen(signIns[0] ?? each));
  expect(signIns[0]?.status).toBe(401);
  // Locked, known or not: one answer.
  await Promise.all(["locked", "unknown"].flatMap((kind) => Array.from({ length: 5 }, () => signIn(kind))));
  const [locked, lockedUnknown] = [await signIn("locked"), await signIn("unknown")];
  expect(seen(locked)).toEqual(seen(lockedUnknown));
  expect(locked.status).toBe(429);
  for (const path of ["/api/password/reset", "/api/registration"]) {
    const answers = await Promise.all(
      kinds.map(async (kind) =>
        seen(await call("POST", path, { email: `${kind}@example.test`, captcha: await solved() })),
      ),
    );
    for (const each of answers) expect(each).toEqual(answers[0]);
    expect(answers[0]).toEqual(expect.arrayContaining([202, '{"mailed":true}']));
  }
});

test("IDN-07 neither a reset nor a registration goes without a solved check, and no mail is written", async () => {
  await insertPerson(kernel.identityPool, { name: "Ben", email: "ben@example.test", password });
  const mails = async () => (await kernel.identityPool.query("select count(*)::int as n from identity.mail")).rows[0].n;
  const before = await mails();
  for (const path of ["/api/password/reset", "/api/registration"]) {
    expect((await call("POST", path, { email: "ben@example.test", captcha: "none" })).status).toBe(422);
    expect((await call("POST", path, { email: "ben@example.test" })).status).toBe(400);
    // Another site's page can't ask in somebody's name.
    const foreign = await call(
      "POST",
      path,
      { email: "ben@example.test", captcha: "x" },
      { origin: "https://evil.example" },
    );
    expect(foreign.status).toBe(403);
  }
  expect(await mails()).toBe(before);
});

test("IDN-08 a changed password gives this browser a new cookie, out of a script's reach", async () => {
  await insertPerson(kernel.identityPool, { name: "Cleo Fox", email: "cleo@example.test", password });
  const made = await call("POST", "/api/session", { email: "cleo@example.test", password });
  const cookieOf = (value: unknown) => String(value).split(";")[0] ?? "";
  const cookie = cookieOf(made.headers["set-cookie"]);
  const chosen = { current: password, password: "brass kettle sings 92 x" };
  expect((await call("PUT", "/api/password", chosen)).status).toBe(401);
  const changed = await call("PUT", "/api/password", chosen, { cookie });
  expect(changed.status).toBe(204);
  expect(changed.headers["set-cookie"]).toMatch(/; HttpOnly; SameSite=Lax/);
  expect((await call("GET", "/api/session", undefined, { cookie })).status).toBe(401);
  const fresh = cookieOf(changed.headers["set-cookie"]);
  expect((await call("GET", "/api/session", undefined, { cookie: fresh })).status).toBe(200);
  const left = await call("DELETE", "/api/session", undefined, { cookie: fresh });
  expect(left.headers["clear-site-data"]).toBe('"cache", "cookies"');
});

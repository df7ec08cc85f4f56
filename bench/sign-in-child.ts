// The real thing: kernel, lockout, limits, the ledger's sequencer and the route of sign-in, over real HTTP.
import { createSecretKey } from "node:crypto";
import { pino } from "pino";
import { createHttpServer } from "../kernel/http/server.ts";
import { openIdentity } from "../kernel/identity/identity.ts";
import { sessionRoutes } from "../kernel/identity/session-route.ts";
import { openKernel } from "../kernel/kernel.ts";
import { BudgetSpender } from "../kernel/limits/budget.ts";
import { budgets } from "../server/budget.ts";
import { answerParent, givenByParent } from "./request-child.ts";

const { database, poolSize, rootKey, filesFolder } = await givenByParent();
const { host, port, database: name } = database;
const key = createSecretKey(Buffer.from(rootKey, "hex"));
const kernel = openKernel({ host, port, database: name }, { id: "bench", key }, { poolSize, filesFolder });
kernel.sequencer.start();
const origin = "http://localhost";
const identity = openIdentity(kernel, { url: origin });
const routes = sessionRoutes(identity, { origin, sampleData: async () => undefined });
const http = await createHttpServer(routes, new BudgetSpender(kernel.door), {
  origin,
  // Each request of the load comes from an address of its own.
  trustedProxies: ["127.0.0.1"],
  maxUploadBytes: 1,
  budgets,
  logger: pino({ level: "error" }),
});
answerParent({ origin: await http.listen({ host: "127.0.0.1", port: 0 }) });

// The real thing: kernel, door, limits, access recording and sequencer, over real HTTP.
import { createSecretKey } from "node:crypto";
import { pino } from "pino";
import { appRoutes } from "../kernel/app.ts";
import { createHttpServer } from "../kernel/http/server.ts";
import { openKernel } from "../kernel/kernel.ts";
import { BudgetSpender } from "../kernel/limits/budget.ts";
import { budgets } from "../server/budget.ts";
import { benchApp } from "./request-app.ts";
import { answerParent, givenByParent } from "./request-child.ts";

const { database, poolSize, rootKey, filesFolder } = await givenByParent();
const { host, port, database: name } = database;
const key = createSecretKey(Buffer.from(rootKey, "hex"));
const kernel = openKernel({ host, port, database: name }, { id: "bench", key }, { poolSize, filesFolder });
kernel.sequencer.start();
const http = await createHttpServer(appRoutes(kernel, benchApp), new BudgetSpender(kernel.door), {
  origin: "http://localhost",
  trustedProxies: [],
  maxUploadBytes: 1,
  // Counted in the same blocks as in earnest, and never refused: one load generator plays a hundred people.
  budgets: { ...budgets, api: { ...budgets.api, limit: 1_000_000_000 } },
  logger: pino({ level: "error" }),
});
answerParent({ origin: await http.listen({ host: "127.0.0.1", port: 0 }) });
process.on("message", (message) => {
  if (message === "lost") process.send?.({ lost: kernel.access.lost });
});

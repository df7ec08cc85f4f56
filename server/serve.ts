import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { readFileSync } from "node:fs";
import { pino } from "pino";
import type { FastifyInstance } from "fastify";
import {
  AccessTokens,
  accessRoutes,
  accountRoutes,
  anomalyRoutes,
  appRoutes,
  BudgetSpender,
  createHttpServer,
  factorRoutes,
  fileRoutes,
  freezeRoutes,
  isDatabaseAway,
  jobRoutes,
  keepRunning,
  keyRoutes,
  KeyUse,
  checkpointRoutes,
  ledgerRoutes,
  mailJob,
  makeSetupLink,
  openIdentity,
  openSigner,
  openSso,
  operatorRoutes,
  outboxRoutes,
  outsideRoutes,
  declaredSignings,
  peopleRoutes,
  Publisher,
  keptOutside,
  signerRoutes,
  signingRoutes,
  policyRoutes,
  recheckDomains,
  reviewRoutes,
  sessionRoutes,
  startOutside,
  startAppRounds,
  startRounds,
  SmtpSender,
  SigningKeys,
  ssoRoutes,
  startWorker,
  sweepBlobs,
  watched,
  tokenRoutes,
  txtLookup,
  type Identity,
  type JobHandler,
  type Route,
  type Tx,
} from "@probity/kernel";
import { openTrustKey, startProbes, trustRoutes } from "@probity/trust";
import { listenAt } from "./listen.ts";
import { nameProbes } from "./probe-log.ts";
import { budgetsOf } from "./budget.ts";
import { ensureWebBuilt } from "./build-web.ts";
import { ConfigError, readConfig, type Config } from "./config.ts";
import { instanceRoutes } from "./instance-route.ts";
import { openInstance, type Instance } from "./open.ts";
import { sealRoutes } from "./seal.ts";
import { servePages } from "./page.ts";
import { stampBy, timestampClients } from "./timestamp.ts";
import { listenBeside, readTls } from "./tls.ts";

const { version }: { version: string } = JSON.parse(readFileSync(join(import.meta.dirname, "package.json"), "utf8"));
const webFolder = join(import.meta.dirname, "../web/dist");

/**
 * Starts everything, says where, and stops cleanly on SIGINT and SIGTERM. The first round of probes comes a few seconds after
 * the start unless the caller, who is no setting, says otherwise.
 */
export async function startServer(options: ServerOptions = {}): Promise<void> {
  let running: { close(): Promise<void> } | undefined;
  const stop = async (signal: NodeJS.Signals) => {
    process.off("SIGINT", stop).off("SIGTERM", stop);
    process.stdout.write(`\n${signal}: stopping …\n`);
    await running?.close();
    process.exit(0);
  };
  try {
    const config = readConfig();
    await ensureWebBuilt(webFolder);
    running = await serve(config, options);
    process.on("SIGINT", stop).on("SIGTERM", stop);
  } catch (error) {
    process.stderr.write(`${error instanceof ConfigError || error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof Error && error.cause instanceof Error)
      process.stderr.write(`  because: ${error.cause.message}\n`);
    process.exit(1);
  }
}

const drainMs = 10_000;
type ServerOptions = Pick<Parameters<typeof startProbes>[1], "startAfterSeconds">;

async function serve(config: Config, { startAfterSeconds = 5 }: ServerOptions): Promise<{ close(): Promise<void> }> {
  const logger = pino({ level: config.logLevel, redact: ["req.headers", "password", "token"] });
  outliveDatabase(logger);
  const instance = await openInstance(config);
  const { kernel } = instance;
  const limits = await kernel.accountLimits.follow(kernel, (error) =>
    logger.error({ err: error }, "the operator's limits could not be read; those read last hold on"),
  );
  const { url, registration, captcha, breachedPasswords } = config;
  const sender = config.smtp === undefined ? undefined : new SmtpSender(config.smtp);
  const identity = openIdentity(kernel, {
    url,
    registration,
    captcha,
    breachedPasswords,
    sendsMail: sender !== undefined,
  });
  const http = await buildHttp(instance, identity, config, logger);
  const mark = randomBytes(16).toString("base64url");
  nameProbes(http, mark);
  kernel.sequencer.start();
  const log = new Publisher({
    address: kernel.address,
    rootKey: kernel.rootKey,
    host: new URL(config.url).host,
    openSigner: () => openSigner(config.logSigner),
    keyBesideData: config.logSigner.kind === "child",
    keptOutside: (host, witnesses) =>
      keptOutside(host, witnesses, {
        folder: join(config.home, "checkpoints"),
        outside: { trustedOrigins: config.trustedOrigins },
      }),
    onProblem: (error) => logger.error({ err: error }, "the log could not be published; it is tried again"),
  });
  log.start();
  const tasks: Record<string, JobHandler> = Object.assign(
    { "kernel.mail": mailJob(kernel.identityPool, identity.post, sender) },
    ...instance.apps.map((app) => app.jobs(kernel)),
  );
  const worker = await startWorker(kernel, tasks, { onlyServer: instance.cluster !== undefined, logger });
  // PostgreSQL may be killed under us: bring it back, the pools reconnect by themselves.
  const keeper = instance.cluster
    ? keepRunning(instance.cluster, (error, tried) =>
        logger.fatal({ err: error, tried }, "PostgreSQL did not come back; it is tried again"),
      )
    : undefined;
  await listenAt(http, config);
  const transport = await listenBeside(http, config, logger);
  const asked = { ...probeOptions(instance, config, logger), ...transport.probe, mark, startAfterSeconds };
  const probes = startProbes(kernel, asked);
  const sweep = () => {
    void sweepBlobs(kernel, kernel.blobs).catch((error: unknown) => logger.error({ err: error }, "sweep failed"));
    void recheckDomains(kernel, txtLookup()).catch((error: unknown) =>
      logger.error({ err: error }, "verified domains could not be checked"),
    );
  };
  sweep();
  const sweeping = setInterval(sweep, 3_600_000);
  const outside = startOutside(identity, outsideOf(config), (error) =>
    logger.error({ err: error }, "what leaves could not be sent"),
  );
  const rounds = startRounds(kernel, (error) => logger.error({ err: error }, "a round of reviews and alarms failed"));
  const appRounds = startAppRounds(
    instance.apps.flatMap((app) => app.rounds?.(kernel) ?? []),
    (error, name) => logger.error({ err: error, round: name }, "a round of an app failed; it is made again"),
  );
  const link = await makeSetupLink(identity);
  process.stdout.write(`Probity is ready at ${config.url}\n`);
  if (link) process.stdout.write(`Set it up once, within 24 hours: ${config.url}/setup/${link.token}\n`);
  return {
    close: async () => {
      clearInterval(sweeping);
      limits.stop();
      await rounds.stop();
      await appRounds.stop();
      await outside.stop();
      await probes.stop();
      await transport.close();
      // Requests under way are answered; who does not read their answer keeps nobody from ending.
      const late = setTimeout(() => http.server.closeAllConnections(), drainMs);
      await http.close();
      clearTimeout(late);
      await worker.stop();
      sender?.close();
      await keeper?.stop();
      await log.stop();
      await instance.close();
    },
  };
}

/**
 * The last net under the process: a lost database connection that nobody waited for is said, not died of. Whoever leaves
 * one is at fault; anything else unhandled still ends the process.
 */
function outliveDatabase(logger: Parameters<typeof createHttpServer>[2]["logger"]): void {
  process.on("unhandledRejection", (error) => {
    if (!isDatabaseAway(error)) throw error;
    logger.error({ err: error }, "nobody handled a lost database connection");
  });
}

/** What leaves by itself: where it may go, and who stamps it. */
function outsideOf(config: Config) {
  return { url: config.url, trustedOrigins: config.trustedOrigins, stamp: stampBy(timestampClients(config)) };
}

/** The instance proves itself over its own loopback address, as anybody could from outside. */
function probeOptions(
  instance: Instance,
  config: Config,
  logger: Parameters<typeof createHttpServer>[2]["logger"],
): Parameters<typeof startProbes>[1] {
  const host = ["0.0.0.0", "::"].includes(config.host) ? "127.0.0.1" : config.host;
  return {
    probeUrl: `http://${host.includes(":") ? `[${host}]` : host}:${config.port}`,
    publicUrl: config.url,
    admin: instance.admin,
    records: instance.apps.flatMap((app) => app.records),
    filesFolder: config.storage.kind === "folder" ? config.storage.folder : join(config.home, "files"),
    securityContact: config.securityContact,
    transport:
      config.tls === undefined
        ? undefined
        : {
            secureUrl: `https://${host.includes(":") ? `[${host}]` : host}:${config.port}`,
            minVersion: config.tls.minVersion,
            ...(config.plainPort === undefined ? {} : { plainUrl: `http://${host}:${config.plainPort}` }),
          },
    onProblem: (error) => logger.error({ err: error }, "the probes could not run"),
  };
}

/** The HTTP side alone: every route of kernel, apps and instance on one server. */
export async function buildHttp(
  instance: Instance,
  identity: Identity,
  config: Config,
  logger: Parameters<typeof createHttpServer>[2]["logger"],
  own: { readonly budgets?: Parameters<typeof createHttpServer>[2]["budgets"] } = {},
): Promise<FastifyInstance> {
  const { kernel, apps } = instance;
  const budgets = budgetsOf(kernel.accountLimits);
  const tokens = new AccessTokens(new SigningKeys(kernel), config.url);
  const keyUse = new KeyUse(kernel.door);
  const routes: Route[] = [];
  const sso = openSso(identity, {
    origin: config.url,
    social: config.social,
    outside: { trustedOrigins: config.trustedOrigins },
  });
  const sampleData = async (tx: Tx) => {
    for (const app of apps) await app.furnish?.(tx);
  };
  routes.push(
    ...instanceRoutes(instance, identity, config, { version, budgets, allRoutes: () => routes }),
    ...sessionRoutes(identity, { origin: config.url, sampleData }),
    ...accountRoutes(identity, { origin: config.url, sampleData }),
    ...outboxRoutes(identity),
    ...factorRoutes(identity, { origin: config.url }),
    ...freezeRoutes(identity),
    ...ssoRoutes(sso),
    ...peopleRoutes(identity, { origin: config.url }),
    ...keyRoutes(kernel),
    ...tokenRoutes(kernel, tokens, {
      origin: config.url,
      furtherKeys: [openTrustKey(config.home, kernel.rootKey).jwk],
    }),
    ...accessRoutes(kernel, apps),
    ...operatorRoutes(identity, { origin: config.url }),
    ...reviewRoutes(kernel),
    ...anomalyRoutes(kernel),
    ...policyRoutes(kernel),
    ...ledgerRoutes(kernel),
    ...checkpointRoutes(kernel),
    ...outsideRoutes(identity, outsideOf(config)),
    ...sealRoutes(instance.sealer),
    ...signerRoutes(identity),
    ...signingRoutes(sso, declaredSignings(apps.flatMap((app) => app.records))),
    ...jobRoutes(kernel),
    ...fileRoutes(kernel),
    ...trustRoutes(kernel, {
      home: config.home,
      publicUrl: config.url,
      version,
      securityContact: config.securityContact,
    }),
    ...apps.flatMap((app) => appRoutes(kernel, app)),
  );
  const http = await createHttpServer(
    routes.map((route) => watched(kernel, route)),
    new BudgetSpender(kernel.door),
    {
      origin: config.url,
      trustedProxies: config.trustedProxies,
      maxUploadBytes: kernel.limits.maxBytes,
      budgets: own.budgets ?? budgets,
      policyLimits: own.budgets === undefined,
      logger,
      tokens,
      keyUse,
      tls: config.tls === undefined ? undefined : readTls(config.tls),
    },
  );
  http.addHook("onClose", () => keyUse.flush());
  await servePages(http, {
    folder: webFolder,
    https: config.url.startsWith("https:"),
    captcha: config.captcha.kind,
  });
  return http;
}

import { mkdirSync, readFileSync, readdirSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Binaries, findBinaries } from "./cluster-binaries.ts";
import { ClusterError } from "./cluster-error.ts";
import { type ClusterFolder, hasDatabase, makeDatabase, prepareFolder, superuserPassword } from "./cluster-folder.ts";
import { tryLock } from "./cluster-lock.ts";
import { type Launch, type ProcessExit, clearLeftovers, launch, shutDown, untilReady } from "./cluster-process.ts";
import { type ClusterSettings, accessRules, configuration } from "./cluster-settings.ts";

/** How to connect as superuser; the fields of pg's ClientConfig that are needed, so `{ ...adminConfig, database }` works. */
export interface AdminConfig {
  /** The folder of the Unix socket, or an address. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface ClusterOptions {
  /** The cluster's own folder; made when missing. Data, sockets, logs, lock and password lie in it. */
  readonly folder: string;
  /** Log file pattern (strftime); default `<folder>/log/postgres-%a.log`, one a weekday. Its folder must be open to PostgreSQL's account. */
  readonly logFile?: string;
  /** Overrides of postgresql.conf. */
  readonly settings?: ClusterSettings;
  /** Let PostgreSQL outlive this process and release the folder's lock once it serves. For tests only. */
  readonly leaveRunning?: boolean;
  /** How long a fast shutdown may take before an immediate one, in seconds. Default 30. */
  readonly stopBoundSeconds?: number;
  /** How long a start, crash recovery included, may take, in seconds. Default 300. */
  readonly startBoundSeconds?: number;
}

/** A running PostgreSQL of our own. */
export interface Cluster {
  readonly adminConfig: AdminConfig;
  /** The same as {@link adminConfig}, as a connection string. Holds the password: never log it. */
  readonly superuserUrl: string;
  /** Folder of the Unix socket; null when PostgreSQL listens on loopback TCP. */
  readonly socketFolder: string | null;
  readonly port: number;
  readonly dataFolder: string;
  readonly logFolder: string;
  /** The postmaster's pid, or undefined while it is down. */
  readonly pid: number | undefined;
  /** Shuts down cleanly and releases the folder. Harmless when repeated. */
  stop(): Promise<void>;
  /** Brings PostgreSQL back after an unexpected exit (crash recovery runs), or restarts a running one. */
  restart(): Promise<void>;
  /** Calls back when PostgreSQL ends without stop() or restart() having asked. Returns the way to unsubscribe. */
  onExit(callback: (exit: ProcessExit) => void): () => void;
}

/** A socket's path must fit sockaddr_un: 104 bytes on macOS, 108 on Linux. */
const SOCKET_PATH_BYTES = 100;
const SOCKET_PORT = 5432;

/**
 * Starts PostgreSQL on `folder`, making the database at first. Refuses a folder that another living server holds, or
 * that another major version made; recovers from whatever an earlier process or PostgreSQL left when it was killed.
 * @throws ClusterError with what happened, what is safe and what to do.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  // As root, PostgreSQL's own account must pass through what is made here; nobody else may look in.
  mkdirSync(options.folder, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
  const folder = realpathSync(options.folder);
  const lock = tryLock(join(folder, "server.lock"));
  if ("heldBy" in lock) {
    throw new ClusterError(
      `Another Probity server, process ${lock.heldBy}, already runs on ${folder}. Its data is safe and nothing was started. ` +
        "Stop that one first, or set PROBITY_HOME to another folder.",
    );
  }
  try {
    const where = prepareFolder(folder);
    const binaries = findBinaries(where.account, join(where.place, "lib"));
    const exists = hasDatabase(where.dataFolder);
    const password = superuserPassword(folder, exists);
    if (!exists) await makeDatabase(where, binaries, password, options.settings?.["fsync"] !== false);
    const supervisor = await supervise(where, binaries, options);
    if (options.leaveRunning === true) lock.release();
    return clusterOf(supervisor, where, password, () => lock.release());
  } catch (error) {
    lock.release();
    throw error;
  }
}

interface Supervisor {
  readonly socketFolder: string | null;
  readonly port: number;
  pid(): number | undefined;
  stop(): Promise<void>;
  restart(): Promise<void>;
  onExit(callback: (exit: ProcessExit) => void): () => void;
}

async function supervise(where: ClusterFolder, binaries: Binaries, options: ClusterOptions): Promise<Supervisor> {
  const fits = Buffer.byteLength(join(where.runFolder, `.s.PGSQL.${SOCKET_PORT}`)) <= SOCKET_PATH_BYTES;
  const socketFolder = fits && process.platform !== "win32" ? where.runFolder : null;
  const port = socketFolder === null ? await freePort() : SOCKET_PORT;
  const listeners = new Set<(exit: ProcessExit) => void>();
  let current: Launch | undefined;
  let asked = false;

  async function start(): Promise<void> {
    await clearLeftovers(where.dataFolder, binaries, where.account);
    const started = await launchUntilReady(where, binaries, options, { socketFolder, port });
    current = started;
    asked = false;
    if (options.leaveRunning === true) started.child.unref();
    void started.exited.then((exit) => {
      if (current === started) current = undefined;
      if (!asked) for (const listener of listeners) listener(exit);
    });
  }
  async function stop(): Promise<void> {
    asked = true;
    const running = current;
    const pid = running?.child.pid;
    if (running === undefined || pid === undefined) return;
    const gone = (): boolean => running.child.exitCode !== null || running.child.signalCode !== null;
    await shutDown(
      { pid, dataFolder: where.dataFolder, gone },
      binaries,
      where.account,
      options.stopBoundSeconds ?? 30,
    );
    current = undefined;
  }

  await start();
  return {
    socketFolder,
    port,
    pid: () => current?.child.pid,
    stop,
    restart: async () => {
      await stop();
      await start();
    },
    onExit: (callback) => {
      listeners.add(callback);
      return () => listeners.delete(callback);
    },
  };
}

/** How often a start is tried again while backends of a killed postmaster still hold its shared memory. */
const START_ATTEMPTS = 25;

async function launchUntilReady(
  where: ClusterFolder,
  binaries: Binaries,
  options: ClusterOptions,
  listen: { readonly socketFolder: string | null; readonly port: number },
): Promise<Launch> {
  // Outside the data folder: written by us, read by PostgreSQL's account, which cannot turn them into links.
  const configFile = join(where.place, "postgresql.conf");
  const hbaFile = join(where.place, "pg_hba.conf");
  const logFile = options.logFile ?? join(where.logFolder, "postgres-%a.log");
  const settings = options.settings ?? {};
  writeFileSync(configFile, configuration({ hbaFile, logFile, settings, ...listen }), {
    mode: 0o644,
  });
  writeFileSync(hbaFile, accessRules(listen.socketFolder), { mode: 0o644 });
  const outputFile = join(where.place, "start.log");
  for (let attempt = 1; ; attempt++) {
    const since = Date.now();
    const started = launch(binaries, where.account, {
      dataFolder: where.dataFolder,
      configFile,
      outputFile,
    });
    if (await untilReady(started, where.dataFolder, options.startBoundSeconds ?? 300)) return started;
    const said = await lastWords(outputFile, dirname(logFile), since);
    if (attempt < START_ATTEMPTS && /shared memory block|lock file .* already exists/.test(said)) {
      await sleep(200);
      continue;
    }
    const last = said
      .split("\n")
      .filter((line) => line !== "")
      .slice(-6);
    throw new ClusterError(
      `PostgreSQL did not start. The data in ${where.dataFolder} is as it was. It said: ${last.join(" ") || "nothing"} ` +
        `More is in ${logFile}.`,
    );
  }
}

/**
 * Why it ended: what it says first goes to the output file, and the rest to its log once that is open. A process of its own
 * writes the log and may write the reason after it ended; without one, nothing is known after two seconds.
 */
async function lastWords(outputFile: string, logFolder: string, sinceMs: number): Promise<string> {
  for (let left = 20; ; left -= 1) {
    const said = readFileSync(outputFile, "utf8") + newestLog(logFolder, sinceMs);
    if (left === 0 || /\b(?:FATAL|PANIC|ERROR)\b/.test(said)) return said;
    await sleep(100);
  }
}

/** The end of the log files written to since `sinceMs`. */
function newestLog(logFolder: string, sinceMs: number): string {
  return readdirSync(logFolder)
    .map((name) => join(logFolder, name))
    .filter((path) => statSync(path).isFile() && statSync(path).mtimeMs >= sinceMs - 1000)
    .map((path) => readFileSync(path, "utf8").slice(-4000))
    .join("\n");
}

function clusterOf(supervisor: Supervisor, where: ClusterFolder, password: string, release: () => void): Cluster {
  const { socketFolder, port } = supervisor;
  const adminConfig: AdminConfig = {
    host: socketFolder ?? "127.0.0.1",
    port,
    user: "postgres",
    password,
    database: "postgres",
  };
  const query = socketFolder === null ? "" : `?host=${encodeURIComponent(socketFolder)}`;
  return {
    adminConfig,
    superuserUrl: `postgresql://postgres:${password}@127.0.0.1:${port}/postgres${query}`,
    socketFolder,
    port,
    dataFolder: where.dataFolder,
    logFolder: where.logFolder,
    get pid() {
      return supervisor.pid();
    },
    async stop() {
      await supervisor.stop();
      release();
    },
    restart: () => supervisor.restart(),
    onExit: (callback) => supervisor.onExit(callback),
  };
}

/** A loopback port nobody listens on now. PostgreSQL fails to start, clearly, in the rare case that it is taken since. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address !== null
          ? resolve(address.port)
          : reject(new ClusterError("No free loopback port was found. Nothing was started.")),
      );
    });
  });
}

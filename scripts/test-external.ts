// A PostgreSQL as a managed service gives it: another version than the embedded one, and an ordinary role to set up with.
import { spawn, spawnSync, type SpawnOptions } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";
import { testMemory } from "../kernel/database/test-place.ts";

const startSeconds = 30;
/** As the tests' own PostgreSQL: what nobody keeps needs no care, and translating short queries takes longer than they do. */
const settings = {
  listen_addresses: "127.0.0.1",
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  wal_level: "minimal",
  max_wal_senders: 0,
  max_wal_size: "256MB",
  autovacuum: "off",
  jit: "off",
  max_connections: 200,
};

/** Folders where distributions put the binaries, the newest version first. */
function findBinaries(): string | undefined {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).toSorted((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(debian, version, "bin")),
    "/usr/local/bin",
    "/usr/local/pgsql/bin",
  ];
  return folders.find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres")));
}

/** PostgreSQL refuses to run as root: then it runs as the system's `nobody`. */
function unprivileged(): Pick<SpawnOptions, "uid" | "gid"> {
  if (process.getuid?.() !== 0) return {};
  const number = (flag: string) => Number(spawnSync("id", [flag, "nobody"], { encoding: "utf8" }).stdout);
  return { uid: number("-u"), gid: number("-g") };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject).listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/**
 * Starts a PostgreSQL of this machine's own binaries, makes a role that may sign in, make roles and make databases and
 * nothing more, and runs `use` with its address. Answers why it did not, where there are no such binaries.
 */
export async function withExternalPostgres(
  root: string,
  use: (url: string) => Promise<void>,
): Promise<string | undefined> {
  const binaries = findBinaries();
  if (binaries === undefined) return "no PostgreSQL binaries on this machine";
  const account = unprivileged();
  const folder = mkdtempSync(join(testMemory(root) ?? tmpdir(), "probity-external-"));
  if (account.uid !== undefined && account.gid !== undefined) chownSync(folder, account.uid, account.gid);
  chmodSync(folder, 0o700);
  const data = join(folder, "data");
  const made = spawnSync(
    join(binaries, "initdb"),
    ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
    { ...account, cwd: folder, encoding: "utf8" },
  );
  if (made.status !== 0) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`initdb failed: ${made.stderr}`);
  }
  const port = await freePort();
  const server = spawn(
    join(binaries, "postgres"),
    [
      "-D",
      data,
      "-p",
      String(port),
      "-k",
      folder,
      ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ],
    { ...account, cwd: folder, stdio: "ignore" },
  );
  try {
    const superuser = { host: "127.0.0.1", port, user: "postgres", database: "postgres" };
    const password = randomBytes(16).toString("hex");
    const version = await whenReady(async () => {
      const client = new Client(superuser);
      await client.connect();
      try {
        const literal = client.escapeLiteral(password);
        await client.query(`create role managed login createrole createdb nosuperuser password ${literal}`);
        await client.query("create database managed owner managed");
        const found = await client.query<{ server_version: string }>("show server_version");
        return found.rows[0]?.server_version ?? "";
      } finally {
        await client.end();
      }
    });
    console.log(`\nPostgreSQL ${version}, set up by a role that is no superuser`);
    await use(`postgres://managed:${password}@127.0.0.1:${port}/managed`);
  } finally {
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGINT");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
  return undefined;
}

async function whenReady<T>(attempt: () => Promise<T>): Promise<T> {
  const end = Date.now() + startSeconds * 1000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
      await pause(100);
    }
  }
}

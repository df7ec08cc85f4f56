import { randomBytes } from "node:crypto";
import { spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type Account, CLEAR_PLACE, chooseAccount, closedFolder } from "./cluster-account.ts";
import { type Binaries, POSTGRES_MAJOR } from "./cluster-binaries.ts";
import { ClusterError, errorCode } from "./cluster-error.ts";
import { childOptions } from "./cluster-process.ts";

/** Where everything of one cluster lies. */
export interface ClusterFolder {
  readonly account: Account | undefined;
  /** The cluster's folder as chosen; holds the lock and the superuser's password. */
  readonly folder: string;
  /** The same folder, or its stand-in under /var/lib/probity when PostgreSQL's account cannot enter it. */
  readonly place: string;
  readonly dataFolder: string;
  readonly runFolder: string;
  readonly logFolder: string;
}

/** Makes the folders of a cluster, with owners and modes, and decides on the account. Only call while holding the lock. */
export function prepareFolder(folder: string): ClusterFolder {
  const place = findPlace(folder);
  const dataFolder = join(place, "data");
  const owner = statSync(dataFolder, { throwIfNoEntry: false });
  const account = chooseAccount(owner);
  const self = process.getuid?.();
  if (owner !== undefined && self !== undefined && self !== 0 && owner.uid !== self) {
    throw new ClusterError(
      `${dataFolder} belongs to user id ${owner.uid}, and this process runs as ${self}. The data is untouched. ` +
        "Start Probity as root or as that user.",
    );
  }
  // PostgreSQL's account passes through the outer folder to its own ones, and can read nothing else in it.
  if (account !== undefined) chmodSync(place, 0o711);
  const result = {
    account,
    folder,
    place,
    dataFolder,
    runFolder: join(place, "run"),
    logFolder: join(place, "log"),
  };
  for (const own of [result.runFolder, result.logFolder]) makeOwn(own, account);
  return result;
}

/** Makes a folder that only PostgreSQL's account may enter. */
function makeOwn(folder: string, account: Account | undefined): void {
  if (!existsSync(folder)) {
    mkdirSync(folder, { mode: 0o700 });
    if (account !== undefined) chownSync(folder, account.uid, account.gid);
  }
}

function findPlace(folder: string): string {
  const account = chooseAccount();
  const pointer = join(folder, "moved");
  if (isLink(pointer)) return readlinkSync(pointer);
  if (account === undefined || existsSync(join(folder, "data"))) return folder;
  const closed = closedFolder(dirname(folder), account);
  if (closed === undefined) return folder;
  // A name of its own each time: who removes the chosen folder to begin anew must not meet the old data again.
  const place = join(CLEAR_PLACE, randomBytes(6).toString("hex"));
  try {
    mkdirSync(place, { recursive: true, mode: 0o711 });
    chmodSync(CLEAR_PLACE, 0o755);
    symlinkSync(place, pointer);
  } catch (error) {
    throw new ClusterError(
      `PostgreSQL does not run as root, its account ${account.name} may not enter ${closed}, and ${place} cannot be made ` +
        `(${errorCode(error) ?? "unknown"}). Nothing was started. Set PROBITY_HOME to a folder outside ${closed}, ` +
        `or let others pass through it with \`chmod o+x ${closed}\`.`,
    );
  }
  return place;
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

/** The superuser's password, made at first use and kept in a file only we may read. */
export function superuserPassword(folder: string, dataExists: boolean): string {
  const path = join(folder, "superuser.password");
  if (existsSync(path)) return readFileSync(path, "utf8").trim();
  if (dataExists) {
    throw new ClusterError(
      `${path} is missing, and without it nobody can sign in to the database beside it. The data is untouched. ` +
        "Put the file back from a backup of this folder.",
    );
  }
  const password = randomBytes(24).toString("base64url");
  const aside = `${path}.${process.pid}`;
  writeFileSync(aside, password, { mode: 0o600, flush: true });
  renameSync(aside, path);
  return password;
}

/** Whether the data folder holds a database of our major version; throws for one of another version or of unknown make. */
export function hasDatabase(dataFolder: string): boolean {
  if (!existsSync(dataFolder)) return false;
  const versionFile = join(dataFolder, "PG_VERSION");
  if (!existsSync(versionFile)) {
    if (readdirSync(dataFolder).length === 0) return false;
    throw new ClusterError(
      `${dataFolder} is not empty and holds no PostgreSQL database. Nothing in it was touched. ` +
        "Move it away, or set PROBITY_HOME to another folder.",
    );
  }
  const found = readFileSync(versionFile, "utf8").trim();
  if (found === String(POSTGRES_MAJOR)) return true;
  throw new ClusterError(
    `${dataFolder} was made by PostgreSQL ${found}; this release runs ${POSTGRES_MAJOR}. The data is untouched. ` +
      "Run `npx probity upgrade` to copy it over.",
  );
}

/**
 * Makes a new database. It grows in a folder beside and is renamed into place when whole, so a data folder either
 * is complete or is not there: what a killed start left behind never served and is thrown away.
 */
export async function makeDatabase(
  where: ClusterFolder,
  binaries: Binaries,
  password: string,
  durable: boolean,
): Promise<void> {
  for (const name of readdirSync(where.place)) {
    if (name.startsWith("new-")) rmSync(join(where.place, name), { recursive: true, force: true });
  }
  const staging = join(where.place, `new-${process.pid}`);
  makeOwn(staging, where.account);
  const passwordFile = join(staging, "password");
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (where.account !== undefined) chownSync(passwordFile, where.account.uid, where.account.gid);
  await runInitdb(where, binaries, staging, passwordFile, durable);
  rmSync(passwordFile);
  if (existsSync(where.dataFolder)) rmdirSync(where.dataFolder);
  renameSync(join(staging, "data"), where.dataFolder);
  rmSync(staging, { recursive: true, force: true });
  if (durable) syncFolder(where.place);
}

async function runInitdb(
  where: ClusterFolder,
  binaries: Binaries,
  staging: string,
  passwordFile: string,
  durable: boolean,
): Promise<void> {
  const child = spawn(
    binaries.initdb,
    [
      "-D",
      join(staging, "data"),
      "-U",
      "postgres",
      "-A",
      "scram-sha-256",
      `--pwfile=${passwordFile}`,
      // The builtin provider sorts and folds case alike on every machine, whatever its C library: indexes stay valid
      // when the data folder moves.
      "--encoding=UTF8",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--no-locale",
      "--data-checksums",
      ...(durable ? [] : ["--no-sync"]),
    ],
    {
      ...childOptions(binaries, where.account),
      cwd: staging,
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
    },
  );
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const problem = await new Promise<string | undefined>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
  });
  if (problem === undefined) return;
  rmSync(staging, { recursive: true, force: true });
  throw new ClusterError(
    `A new database could not be made in ${where.dataFolder} (${problem}). Nothing was stored. initdb said: ${output.trim().slice(-1000)}`,
  );
}

function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const handle = openSync(folder, "r");
  fsyncSync(handle);
  closeSync(handle);
}

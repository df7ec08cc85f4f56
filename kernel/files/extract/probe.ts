import type { ProbeTargets, Task } from "./document.ts";

/** One thing a compromised document would try, and what came of it. */
export interface ProbeAttempt {
  readonly attempt: string;
  readonly denied: boolean;
  /** The error's code, or `reached`. */
  readonly outcome: string;
}

/** Tries, from inside, everything the isolation is there to deny. */
export async function probe(task: Task): Promise<{ attempts: ProbeAttempt[] }> {
  const targets = task.targets;
  if (targets === undefined) throw new Error("no targets");
  const attempts: ProbeAttempt[] = [];
  for (const [attempt, action] of Object.entries(actions(targets))) {
    const { promise: failure, reject } = Promise.withResolvers<never>();
    // Some denials are thrown on a later tick, past any handler.
    process.once("uncaughtException", reject);
    const patience = setTimeout(() => reject(new Error("no answer")), 3000);
    try {
      await Promise.race([action(), failure]);
      attempts.push({ attempt, denied: false, outcome: "reached" });
    } catch (error) {
      attempts.push({ attempt, denied: true, outcome: codeOf(error) });
    } finally {
      clearTimeout(patience);
      process.off("uncaughtException", reject);
    }
  }
  return { attempts };
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  if (error.cause instanceof Error) return codeOf(error.cause);
  return "code" in error && typeof error.code === "string" ? error.code : error.message.slice(0, 80);
}

function actions(targets: ProbeTargets): Record<string, () => Promise<unknown>> {
  return {
    "tcp-connect": async () => {
      const { connect } = await import("node:net");
      await new Promise((resolve, reject) => {
        const socket = connect(targets.tcpPort, "127.0.0.1");
        socket.once("connect", resolve).once("error", reject);
      });
    },
    "tcp-listen": async () => {
      const { createServer } = await import("node:net");
      await new Promise((resolve, reject) => {
        const server = createServer();
        server.once("error", reject).listen(0, "127.0.0.1", () => resolve(undefined));
        server.unref();
      });
    },
    "udp-send": async () => {
      const { createSocket } = await import("node:dgram");
      const socket = createSocket("udp4");
      try {
        // Only an echo counts: a datagram may vanish without an error.
        await new Promise((resolve, reject) => {
          socket.once("error", reject).once("message", resolve);
          socket.send("probe", targets.udpPort, "127.0.0.1", (error) => {
            if (error) reject(error);
          });
        });
      } finally {
        socket.close();
      }
    },
    "dns-lookup": async () => (await import("node:dns/promises")).lookup("localhost"),
    "http-fetch": () => fetch(`http://127.0.0.1:${targets.tcpPort}/`),
    "read-passwd": async () => (await import("node:fs/promises")).readFile("/etc/passwd"),
    "read-repository": async () => (await import("node:fs/promises")).readFile(targets.repositoryFile),
    "read-environment": async () => {
      const names = Object.keys(process.env);
      if (names.length === 0) throw new Error("empty");
    },
    "write-file": async () => (await import("node:fs/promises")).writeFile(`${targets.writeFolder}/probe`, "x"),
    "child-process": async () => {
      const { spawnSync } = await import("node:child_process");
      const { error, status } = spawnSync(process.execPath, ["--version"]);
      if (error !== undefined) throw error;
      if (status !== 0) throw new Error(`status ${String(status)}`);
    },
    worker: async () => {
      const { Worker } = await import("node:worker_threads");
      await new Promise((resolve, reject) => {
        const worker = new Worker("0", { eval: true });
        worker.once("exit", resolve).once("error", reject);
      });
    },
    "native-addon": async () => {
      try {
        process.dlopen({ exports: {} }, `${targets.writeFolder}/absent.node`);
      } catch (error) {
        // The loader looked for the file: addons are allowed.
        if (codeOf(error) !== "ERR_DLOPEN_FAILED") throw error;
      }
    },
    "string-as-code": async () => {
      // oxlint-disable-next-line no-eval -- that it fails is what is probed
      (0, eval)("1 + 1");
    },
  };
}

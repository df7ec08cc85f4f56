import { ConfigError } from "./config.ts";

type Command = { readonly about: string; readonly run: (args: string[]) => Promise<number> };

const commands: Record<string, Command> = {
  start: {
    about: "start the server (the same as npm start)",
    run: async () => {
      const { startServer } = await import("./serve.ts");
      await startServer();
      return new Promise<number>(() => undefined);
    },
  },
  setup: {
    about: "set the instance up without a browser",
    run: async (args) => (await import("./command/setup.ts")).run(args),
  },
  migrate: {
    about: "bring the database up to date and stop",
    run: async (args) => (await import("./command/migrate.ts")).run(args),
  },
  doctor: {
    about: "check isolation and settings of the database",
    run: async (args) => (await import("./command/doctor.ts")).run(args),
  },
  ledger: {
    about: "how the log stands; go on after a restore; a signer apart",
    run: async (args) => (await import("./command/ledger.ts")).run(args),
  },
  policy: {
    about: "limits before sign-in, for every workspace here: what holds, who set it, set one",
    run: async (args) => (await import("./command/policy.ts")).run(args),
  },
  people: {
    about: "import people from another system; a link to a new password",
    run: async (args) => (await import("./command/people.ts")).run(args),
  },
  probe: {
    about: "test a running instance from outside, with two accounts of your own",
    run: async (args) => (await import("./command/probe.ts")).run(args),
  },
  witness: {
    about: "watch the logs of others and cosign them",
    run: async (args) => (await import("./command/witness.ts")).run(args),
  },
  verify: {
    about: "verify an export, a proof or a sealed PDF, without a server",
    run: async (args) => (await import("./command/verify.ts")).run(args),
  },
  gaps: {
    about: "gap analysis of a folder, without a server",
    run: async (args) => (await import("./command/gaps.ts")).run(args),
  },
};

const [name = "help", ...args] = process.argv.slice(2);
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
if (command === undefined) {
  const known = name === "help" || name === "--help";
  const list = Object.entries(commands).map(([each, { about }]) => `  ${each.padEnd(10)}${about}`);
  process.stdout.write(`${known ? "" : `There is no command ${name}.\n`}npx probity COMMAND\n${list.join("\n")}\n`);
  process.exit(known ? 0 : 2);
}
/** Ends only when everything printed has left: a pipe takes 64 KiB at a time, and exit would cut the rest. */
function end(code: number): void {
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
}

try {
  end(await command.run(args));
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError || error instanceof Error ? error.message : String(error)}\n`);
  end(1);
}

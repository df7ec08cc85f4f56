/** `npx probity witness --config FILE`: watches the logs of others, so that none of them can show two histories unseen. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Type, type Static } from "typebox";
import { Compile } from "typebox/compile";
import { openSignerKey, WitnessCore, witnessServer, WitnessState } from "@probity/kernel";

const usage = `Usage: npx probity witness --init FOLDER --name NAME
       npx probity witness --config FILE [--listen HOST:PORT]

Cosigns the checkpoints of logs it was told to watch, after checking that each continues the last one (C2SP tlog-witness).
--init makes a key and a configuration and prints the key that logs are given. NAME is a host and a path, such as
witness.example.com/w1, and belongs to this one key.
`;

const Settings = Type.Object(
  {
    name: Type.String({ pattern: "^[^\\s+]{1,200}$" }),
    /** Where it listens; put a proxy with https in front of it. */
    listen: Type.String({ pattern: "^[^\\s]+:\\d{1,5}$" }),
    logs: Type.Array(
      Type.Object(
        { origin: Type.String({ minLength: 1, maxLength: 300 }), vkeys: Type.Array(Type.String(), { minItems: 1 }) },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
const settings = Compile(Settings);

/** Runs the command. Returns the exit code: 0 made, 1 it could not, 2 wrong use; serving ends with a signal. */
export async function run(args: string[]): Promise<number> {
  let values: { init?: string; name?: string; config?: string; listen?: string; help?: boolean };
  try {
    values = parseArgs({
      args,
      options: {
        init: { type: "string" },
        name: { type: "string" },
        config: { type: "string" },
        listen: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch {
    process.stderr.write(usage);
    return 2;
  }
  if (values.help === true) {
    process.stdout.write(usage);
    return 0;
  }
  if (values.init !== undefined && values.name !== undefined) return init(resolve(values.init), values.name);
  if (values.config !== undefined) return serve(resolve(values.config), values.listen);
  process.stderr.write(usage);
  return 2;
}

function init(folder: string, name: string): number {
  const file = join(folder, "witness.json");
  if (existsSync(file)) {
    process.stderr.write(
      `${file} is there already. Nothing was changed. Name another folder, or start it by --config.\n`,
    );
    return 1;
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const own: Static<typeof Settings> = { name, listen: "127.0.0.1:4700", logs: [] };
  const core = coreOf(folder, settings.Parse(own));
  writeFileSync(file, `${JSON.stringify(own, undefined, 2)}\n`, { mode: 0o600 });
  process.stdout.write(
    `${core.vkey}\n\nGive this key to whoever runs the log. Write the log's name and key into ${file}, then start it:\n  npx probity witness --config ${file}\n`,
  );
  return 0;
}

async function serve(file: string, listen: string | undefined): Promise<number> {
  let own: Static<typeof Settings>;
  try {
    own = settings.Parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    process.stderr.write(
      `${file} is no configuration of a witness (${error instanceof Error ? error.message.split("\n")[0] : "unreadable"}). Nothing was started. Make one with --init.\n`,
    );
    return 1;
  }
  const core = coreOf(dirname(file), own);
  const [host, port] = placeOf(listen ?? own.listen);
  const server = witnessServer(core, (error) => process.stderr.write(`${String(error)}\n`));
  await new Promise<void>((started, failed) => server.once("error", failed).listen(port, host, started));
  const address = server.address();
  const at = typeof address === "object" && address !== null ? address.port : port;
  process.stdout.write(`The witness ${own.name} is ready at http://${host.includes(":") ? `[${host}]` : host}:${at}\n`);
  process.stdout.write(
    `It watches ${own.logs.map(({ origin }) => origin).join(", ") || "no log yet"}.\nIts key: ${core.vkey}\n`,
  );
  return new Promise((ended) => {
    const stop = () => {
      process.off("SIGINT", stop).off("SIGTERM", stop);
      server.close(() => ended(0));
      server.closeIdleConnections();
    };
    process.on("SIGINT", stop).on("SIGTERM", stop);
  });
}

function coreOf(folder: string, { name, logs }: Static<typeof Settings>): WitnessCore {
  return new WitnessCore(
    name,
    openSignerKey(join(folder, "witness.key")),
    new WitnessState(join(folder, "logs")),
    logs,
  );
}

function placeOf(listen: string): [host: string, port: number] {
  const split = listen.lastIndexOf(":");
  return [listen.slice(0, split).replace(/^\[(.*)\]$/, "$1"), Number(listen.slice(split + 1))];
}

import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { openIdentity, setupFromCommandLine } from "@probity/kernel";
import { enabledApps } from "../apps.ts";
import { readConfig } from "../config.ts";
import { openInstance } from "../open.ts";
import { chosenApps } from "./chosen-app.ts";

const usage =
  "npx probity setup --email E --password-stdin --workspace NAME [--name PERSON] [--preset regulatory-docs] [--apps all|NAME,…] [--sample-data] [--json]";

/** npx probity setup: owner and first workspace without a browser; prints the workspace id and an owner API key. */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      email: { type: "string" },
      name: { type: "string" },
      "password-stdin": { type: "boolean" },
      workspace: { type: "string" },
      preset: { type: "string", default: "regulatory-docs" },
      apps: { type: "string", default: "all" },
      "sample-data": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const { email, workspace } = values;
  if (email === undefined || workspace === undefined || !values["password-stdin"]) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  const known = enabledApps({ freeCheck: false }).map(({ name }) => name);
  const chosen = chosenApps(values.apps, known);
  if ("unknown" in chosen) {
    process.stderr.write(
      `--apps names “${chosen.unknown}”, which is no app of this instance. Nothing was set up. Name all, or some of ${known.join(", ")}.\n`,
    );
    return 2;
  }
  // Never as an argument: the list of processes is open to everybody on the machine.
  const password = (await text(process.stdin)).replace(/\r?\n$/, "");
  const instance = await openInstance(readConfig());
  try {
    const identity = openIdentity(instance.kernel, { url: readConfig().url });
    const made = await setupFromCommandLine(identity, {
      email,
      password,
      workspaceName: workspace,
      preset: values.preset,
      ...(values.name === undefined ? {} : { name: values.name }),
      ...(values["sample-data"]
        ? {
            furnish: async (tx) => {
              for (const app of instance.apps) if (chosen.includes(app.name)) await app.furnish?.(tx);
            },
          }
        : {}),
    });
    const sentence = `Workspace ${made.slug} (${made.workspaceId}) is ready. Its owner's API key, shown once: ${made.apiKey}`;
    process.stdout.write(`${values.json ? JSON.stringify(made) : sentence}\n`);
    return 0;
  } finally {
    await instance.close();
  }
}

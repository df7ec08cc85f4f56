import { hostname, userInfo } from "node:os";
import { parseArgs } from "node:util";
import {
  changeInstancePolicy,
  externalAdmin,
  instancePolicies,
  instancePolicyHistory,
  isInstancePolicy,
  openKernel,
  openRootKey,
  Problem,
  type InstancePolicy,
  type InstancePolicyVersion,
  type Kernel,
} from "@probity/kernel";
import { readConfig, type Config } from "../config.ts";
import { openForDoctor } from "./doctor.ts";

const usage = `npx probity policy [--json]
  the limits before sign-in, the same for every workspace here: what holds, who set it, when and why
npx probity policy history NAME [--json]
  every version of one of them
npx probity policy set NAME COUNT/MINUTES --reason TEXT [--by NAME]
  sets one: no laxer than the configuration allows, in force on every server within seconds, and an event in the log
`;

/** npx probity policy: exit code 0 done, 1 refused, 2 wrong use. Works beside a running server. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      reason: { type: "string" },
      by: { type: "string" },
    },
  });
  const [verb = "list", name = "", given = ""] = positionals;
  const limit = /^(\d{1,4})\/(\d{1,4})$/.exec(given);
  const wrong =
    verb === "set"
      ? limit === null || (values.reason ?? "").trim() === "" || !isInstancePolicy(name)
      : verb !== "list" && !(verb === "history" && isInstancePolicy(name));
  if (wrong) {
    process.stderr.write(`${usage}Names: ${Object.keys(instancePolicies).join(", ")}\nNothing was changed.\n`);
    return 2;
  }
  return withKernel(readConfig(), async (kernel) => {
    await kernel.accountLimits.refresh(kernel);
    if (verb === "history" && isInstancePolicy(name)) {
      const versions = await instancePolicyHistory(kernel, name);
      process.stdout.write(values.json ? `${JSON.stringify(versions, null, 2)}\n` : historyText(versions));
      return 0;
    }
    if (verb === "set" && isInstancePolicy(name)) {
      const refused = await refusal(() =>
        changeInstancePolicy(kernel, {
          name,
          value: { attempts: Number(limit?.[1]), windowMinutes: Number(limit?.[2]) },
          version: kernel.accountLimits.policy(name).version,
          reason: values.reason ?? "",
          by: values.by ?? `${userInfo().username}@${hostname()}`,
        }),
      );
      if (refused !== undefined) {
        process.stderr.write(`${refused}\n`);
        return 1;
      }
    }
    const policies = kernel.accountLimits.policies();
    process.stdout.write(values.json ? `${JSON.stringify(policies, null, 2)}\n` : policies.map(policyText).join(""));
    return 0;
  });
}

/** Opens the database as it is: beside a server that runs on it, or alone. */
async function withKernel<T>(config: Config, act: (kernel: Kernel) => Promise<T>): Promise<T> {
  if (config.kms.kind !== "file" || config.storage.kind !== "folder")
    throw new Error("PROBITY_KMS and PROBITY_STORAGE must name a file and a folder here. Nothing was changed.");
  const patient = await openForDoctor(config);
  const admin = config.databaseUrl === undefined ? patient.admin : externalAdmin(config.databaseUrl);
  const { host = "127.0.0.1", port = 5432, database = "probity", ssl } = admin;
  const kernel = openKernel(
    { host, port, database, ...(ssl === undefined ? {} : { ssl }) },
    openRootKey(config.kms.file),
    {
      filesFolder: config.storage.folder,
      poolSize: 2,
      accountLimits: config.accountLimits,
    },
  );
  try {
    return await act(kernel);
  } finally {
    await kernel.close();
    await patient.close();
  }
}

/** What a refusal says to people; anything else is thrown on. */
async function refusal(act: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error.detail;
    throw error;
  }
}

function policyText({ name, value, ceiling, version, changedBy, changedAt, reason }: InstancePolicy): string {
  const { title, configuredBy } = instancePolicies[name];
  const since =
    version === 0
      ? `as configured (${configuredBy})`
      : `version ${version}, ${changedBy ?? ""}, ${changedAt?.toISOString() ?? ""}: “${reason ?? ""}”`;
  const most = `${ceiling.attempts} in ${ceiling.windowMinutes} minutes`;
  return `● ${title} (${name}): ${value.attempts} in ${value.windowMinutes} minutes\n    ${since}\n    at most ${most} by ${configuredBy}\n`;
}

function historyText(versions: readonly InstancePolicyVersion[]): string {
  if (versions.length === 0) return "Nobody has set it: the configuration holds.\n";
  return versions
    .map(({ version, value, by, at, reason }) => `${version}  ${at.toISOString()}  ${value}  ${by}: “${reason}”\n`)
    .join("");
}

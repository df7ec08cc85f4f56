/** `npx probity probe URL --key-a K --key-b K2`: an outsider's test of an instance, with two accounts of their own. */
import { parseArgs } from "node:util";
import { httpTo } from "@probity/trust";
import { attack, type ProbeRow } from "./probe-attack.ts";

const usage = `Usage: npx probity probe URL --key-a KEY --key-b KEY [--json]

Tests a running instance from outside. The keys are API keys of two different workspaces, both your own. With them it
looks for A's records under B's key at every address that reads, and for anything that answers without a key, takes
unknown fields or lacks a header. It reads, and makes and deletes records of its own in the two workspaces.
Exit code 0 when everything was refused that should be, 1 when something was not, 2 for wrong use.
`;

/** Runs the command. Returns the exit code. */
export async function run(args: string[]): Promise<number> {
  let options: {
    positionals: string[];
    values: { "key-a"?: string; "key-b"?: string; json?: boolean; help?: boolean };
  };
  try {
    options = parseArgs({
      args,
      allowPositionals: true,
      options: {
        "key-a": { type: "string" },
        "key-b": { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch {
    process.stderr.write(usage);
    return 2;
  }
  const { values, positionals } = options;
  const [address, ...rest] = positionals;
  const keyA = values["key-a"];
  const keyB = values["key-b"];
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const isUrl = address !== undefined && URL.canParse(address) && /^https?:$/.test(new URL(address).protocol);
  if (!isUrl || rest.length > 0 || keyA === undefined || keyB === undefined) {
    process.stderr.write(usage);
    return 2;
  }
  if (keyA === keyB) {
    process.stderr.write("Both keys are the same. Nothing was tested. Give keys of two different workspaces.\n");
    return 2;
  }
  const { origin } = new URL(address);
  const rows = await attack(httpTo(origin), { origin, keyA, keyB });
  const failed = rows.filter(({ outcome }) => outcome === "failed");
  process.stdout.write(
    values.json ? `${JSON.stringify({ origin, failed: failed.length, rows }, null, 2)}\n` : tableOf(origin, rows),
  );
  return failed.length === 0 ? 0 : 1;
}

const marks: Readonly<Record<ProbeRow["outcome"], string>> = {
  held: "● held",
  failed: "▲ failed",
  "not tested": "○ not tested",
};

function tableOf(origin: string, rows: readonly ProbeRow[]): string {
  const lines = [`${origin}, tested from outside`, ""];
  for (const { check, address, tried, outcome, detail } of rows) {
    lines.push(
      `${marks[outcome].padEnd(13)} ${String(tried).padStart(4)}  ${check}${address === "" ? "" : `: ${address}`}`,
    );
    if (outcome !== "held") lines.push(`                    ${detail}`);
  }
  const count = (outcome: ProbeRow["outcome"]) => rows.filter((row) => row.outcome === outcome).length;
  const tried = rows.reduce((sum, row) => sum + row.tried, 0);
  lines.push(
    "",
    `${count("held")} held, ${count("failed")} failed, ${count("not tested")} not tested; ${tried} requests judged.`,
    count("failed") === 0
      ? "Nothing got through that was tried. What is not tested above proves nothing either way."
      : "Something got through. Tell the instance's security contact: /.well-known/security.txt.",
    "",
  );
  return lines.join("\n");
}

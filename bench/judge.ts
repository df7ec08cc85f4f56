// npm run bench judge: what this product signs and exports, judged by bench/judge.py, which is written from the specifications
// in another language and shares no line with it. A running instance's log, an export of all of it, a range, a selection and
// the proof of one event must hold; each of them with one thing changed must not.
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compute } from "@probity/verify/node";
import { ed25519Type, fromBase64, parseCheckpoint, parseNote, vkeyText } from "@probity/verify";
import { openTestLog, openTestServer } from "../kernel/testing/index.ts";

type Figure = { what: string; reached: string; wanted: string; good: boolean };
const events = 3_000;
const program = join(import.meta.dirname, "judge.py");

type Said = { readonly holds: boolean; readonly text: string };

/** Beside this process, which serves the log that is judged. */
function judge(...args: string[]): Promise<Said> {
  return new Promise((resolve) =>
    execFile("python3", [program, ...args], { timeout: 300_000 }, (error, stdout, stderr) =>
      resolve({ holds: error === null, text: stdout.trim() || stderr.trim().slice(-300) }),
    ),
  );
}

/** A selection never claims that it is all there is, so nobody can tell this of it. */
const uncounted = "a leaf left out and not counted";

/** The same text with one thing changed, by what is changed. */
function spoilt(text: string): Readonly<Record<string, string>> {
  const lines = text.trimEnd().split("\n");
  const middle = lines.findLastIndex((line) => line.includes('"kind":"leaf"'));
  const at = (line: string, change: (given: string) => string) => lines.with(middle, change(line)).join("\n");
  const leaf = lines[middle] ?? "";
  return {
    "a leaf changed": at(leaf, (line) => line.replace('\\"outcome\\":\\"done\\"', '\\"outcome\\":\\"dona\\"')),
    "a shown value changed": at(leaf, (line) => line.replace(/"value":"(?:\\.|[^"])/, '"value":"¬')),
    "a leaf left out": lines.toSpliced(middle, 1).join("\n"),
    [uncounted]: lines
      .toSpliced(middle, 1)
      .join("\n")
      .replace(/"leaves":(\d+)\}$/, (_, count: string) => `"leaves":${Number(count) - 1}}`),
    "two leaves exchanged": lines
      .with(middle, lines[middle - 1] ?? "")
      .with(middle - 1, leaf)
      .join("\n"),
    "the size changed": text.replace(
      /(\\n)(\d+)(\\n)/,
      (_, before: string, size: string, after: string) => `${before}${Number(size) + 1}${after}`,
    ),
    "the end cut off": lines.slice(0, -1).join("\n"),
  };
}

export async function run(): Promise<Figure[]> {
  if (spawnSync("python3", ["--version"]).status !== 0)
    return [{ what: "another judge", reached: "skipped: there is no python3 here", wanted: "-", good: true }];
  const folder = mkdtempSync(join(tmpdir(), "probity-judge-"));
  const server = await openTestServer([]);
  const log = openTestLog(server.kernel);
  try {
    const workspace = await server.kernel.foundWorkspace("judged");
    const owner = await server.member(workspace, "owner");
    for (let made = 0; made < events; made += 500)
      await server.kernel.door.work(owner.session, "kernel.home.read", (tx) =>
        tx.recordAll(
          Array.from({ length: 500 }, (_, index) => ({
            action: index % 100 === 0 ? "kernel.test.rare" : "kernel.test.often",
            fields: { index: String(made + index), text: "Größe ≤ 5 µm, “quoted” \\ 🎓" },
          })),
        ),
      );
    await log.publish();
    const as = server.as(owner);
    const note = (await as("GET", "/api/ledger/checkpoint")).text;
    const published = await server.anonymous("GET", "/.well-known/probity-log-keys");
    const key = fromBase64(String(published.body["publicKey"])) ?? new Uint8Array();
    const { origin } = parseCheckpoint(parseNote(note).text);
    const vkey = compute(vkeyText(origin, ed25519Type, key));
    const impostor = compute(vkeyText(origin, ed25519Type, new Uint8Array(32).fill(9)));
    const file = (name: string, text: string) => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    };
    const cookie = [`cookie=probity-session=${owner.session.token}`, `probity-workspace=${workspace}`];
    const since = encodeURIComponent(new Date(Date.now() - 86_400_000).toISOString());
    const exported = {
      all: (await as("GET", "/api/ledger/export")).text,
      "a day": (await as("GET", `/api/ledger/export?from=${since}`)).text,
      "a selection": (await as("GET", "/api/ledger/export?action=kernel.test.rare")).text,
    };
    const proof = (await as("GET", "/api/ledger/proof/1234")).text;
    const figures: Figure[] = [];
    const say = (what: string, said: Said, wanted: "holds" | "refused") =>
      figures.push({ what, reached: said.text, wanted, good: said.holds === (wanted === "holds") });
    say("the running log", await judge("log", `${server.origin}/api/ledger`, vkey, ...cookie), "holds");
    for (const [name, text] of Object.entries(exported))
      say(`export: ${name}`, await judge("bundle", file("export", text), vkey), "holds");
    say("proof of an event", await judge("proof", file("proof", proof), vkey), "holds");
    say("another key", await judge("bundle", file("export", exported.all), impostor), "refused");
    for (const [name, text] of Object.entries(exported))
      for (const [change, changed] of Object.entries(spoilt(text)).filter(
        ([change]) => change !== uncounted || name !== "a selection",
      ))
        say(
          `${name}, ${change}`,
          changed === text
            ? { holds: true, text: "nothing was changed" }
            : await judge("bundle", file("export", changed), vkey),
          "refused",
        );
    const other = proof.replace(/"index":1234\b/, '"index":1235');
    say("proof, another place", await judge("proof", file("proof", other), vkey), "refused");
    return figures;
  } finally {
    await log.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

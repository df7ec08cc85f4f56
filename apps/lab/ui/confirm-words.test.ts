import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sayAct } from "@probity/web/shell/step-up-words.ts";
import { labConfirms } from "./confirm-words.ts";

const folder = join(import.meta.dirname, "../actions");

/** What the routes of the laboratory ask a fresh proof for: a literal, or a constant of the file. */
function asked(): string[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  return files.flatMap((name) => {
    const text = readFileSync(join(folder, name), "utf8");
    const constants = new Map(
      [...text.matchAll(/^const (\w+) = "(lab\.[\w.]+)";$/gm)].map(([, key = "", value = ""]) => [key, value]),
    );
    return [...text.matchAll(/spendStepUp\(tx, request\.raw, \{\s*action: (?:"([\w.]+)"|(\w+))/g)].map(
      ([, literal, constant = ""]) => literal ?? constants.get(constant) ?? `${name}: ${constant}`,
    );
  });
}

test("IDN-10 every act of the laboratory that asks for a fresh proof says in its own words what is confirmed, and of what", () => {
  // The one that stands in no constant: whose permission it is depends on how early a blind is opened.
  const acts = [...new Set(asked().map((act) => (act === "blind-route.ts: permission" ? "lab.sample.unblind" : act)))];
  expect(acts.length).toBeGreaterThan(8);
  expect(acts.filter((act) => labConfirms[act] === undefined)).toEqual([]);
  const act = (action: string, told: string) => ({ action, subject: "trend", told, workspace: null });
  const said = Object.keys(labConfirms).map((action) => sayAct(act(action, "what it is called"), [labConfirms]));
  expect(said.filter((words) => words.startsWith("go on with"))).toEqual([]);
  expect(sayAct(act("lab.chart_limit.freeze", "limits v2 of KCl, lot L-1"), [labConfirms])).toBe(
    "freeze limits v2 of KCl, lot L-1",
  );
  expect(sayAct(act("lab.rule_set.create", ""), [labConfirms])).toBe("put other rules for trends in force");
});

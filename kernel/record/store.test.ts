import { expect, test } from "vitest";
import { defineRecord } from "./define-record.ts";
import { field } from "./field.ts";
import { insertRow } from "./store.ts";

const slip = defineRecord({
  name: "trial.slip",
  app: "trial",
  path: "slips",
  title: "Slip",
  fields: {
    dueOn: field.date("Due on", { optional: true }),
    code: field.text("Code", { max: 40 }),
    note: field.text("Note", { max: 40, optional: true }),
    amount: field.integer("Amount", { optional: true }),
  },
  may: { read: "trial.read", create: "trial.change" },
  retain: "analysis",
});

test("APP-03 a new row's fields reach their columns whatever their order, and each choice of fields is one statement", () => {
  const made = [
    { code: "a", dueOn: "2026-01-01", amount: 1 },
    { amount: 2, dueOn: "2026-01-02", code: "b" },
    { note: null, code: "c" },
    { code: "d", note: "said", unknown: "x", dueOn: undefined },
    { code: "e", constructor: "x" },
  ].map((values) => insertRow(slip, "1", values).compile());
  const columns = made.map(({ sql }) => /\(([^)]*)\) values/.exec(sql)?.[1]?.replaceAll('"', ""));
  expect(columns).toEqual([
    "id, due_on, code, amount",
    "id, due_on, code, amount",
    "id, code, note",
    "id, code, note",
    "id, code",
  ]);
  expect(made.map(({ parameters }) => parameters)).toEqual([
    ["1", "2026-01-01", "a", 1],
    ["1", "2026-01-02", "b", 2],
    ["1", "c", null],
    ["1", "d", "said"],
    ["1", "e"],
  ]);
  expect(made[0]?.sql).toBe(made[1]?.sql);
});

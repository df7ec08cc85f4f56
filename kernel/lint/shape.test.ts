import { expect, test } from "vitest";
import { field } from "../record/field.ts";
import { shapesOf } from "./shape.ts";

test("a declared record says which columns the judge must find", () => {
  const fields = {
    dueOn: field.date("Due", { optional: true }),
    bytes: field.integer("Bytes"),
    quote: field.text("Quote", { max: 100, sealed: true }),
  };
  const record = {
    name: "trial.sample",
    app: "trial",
    path: "samples",
    title: "Sample",
    fields,
    may: { read: "trial.read" },
    retain: "x",
  };
  expect(shapesOf([record])).toEqual([
    {
      record: "trial.sample",
      columns: [
        { name: "due_on", type: "date", nullable: true, sealed: false },
        { name: "bytes", type: "integer|bigint|smallint", nullable: false, sealed: false },
        { name: "quote", type: "text", nullable: false, sealed: true },
      ],
    },
  ]);
});

import { columnFieldMismatch } from "./column-field-mismatch.ts";
import { tryRule } from "./trial.ts";

const column = { name: "code", type: "text", nullable: false, sealed: false };
const sample = { record: "trial.sample", columns: [column] };
const right = `alter table trial.sample drop column if exists note; alter table trial.sample alter column code type text, alter column code set not null`;

tryRule(columnFieldMismatch, [
  {
    name: "a column nobody declared",
    shapes: [sample],
    wrong: `alter table trial.sample add column note text`,
    finds: [["trial.sample.note", "a column, and not declared"]],
    right,
  },
  {
    name: "another type",
    shapes: [sample],
    wrong: `alter table trial.sample alter column code type integer using 1`,
    finds: [["trial.sample.code", "declared text, the column is integer"]],
    right,
  },
  {
    name: "null allowed on one side alone",
    shapes: [sample],
    wrong: `alter table trial.sample alter column code drop not null`,
    finds: [["trial.sample.code", "declared not null, the column is not so"]],
    right,
  },
  {
    name: "a field without its column, types by any of their names",
    shapes: [
      {
        record: "trial.sample",
        columns: [column, { name: "note", type: "bigint|timestamptz[]", nullable: true, sealed: false }],
      },
    ],
    wrong: `select 1`,
    finds: [["trial.sample.note", "declared, and the table has no such column"]],
    right: `alter table trial.sample add column note timestamp with time zone[]`,
  },
  {
    name: "a sealed field kept in the open",
    shapes: [
      { record: "trial.sample", columns: [column, { name: "note", type: "text", nullable: true, sealed: true }] },
    ],
    wrong: `alter table trial.sample add column note text`,
    finds: [["trial.sample.note", "declared sealed, and kept in the open as a column"]],
    right,
  },
  {
    name: "a governed table without a record",
    shapes: [sample],
    wrong: `create table trial.note (tenant_id uuid not null, id uuid not null, primary key (tenant_id, id)); select kernel.govern('trial.note')`,
    finds: [["trial.note", "governed, and no record declares it"]],
    right: `drop table trial.note; reset role; set local role probity_door; delete from kernel.governed_table where record = 'trial.note'`,
    role: "superuser",
  },
  {
    name: "a record without a governed table",
    shapes: [sample, { record: "trial.note", columns: [] }],
    wrong: `select 1`,
    finds: [["trial.note", "declared, and no governed table bears the name"]],
    right: `create table trial.note (tenant_id uuid not null, id uuid not null, primary key (tenant_id, id)); select kernel.govern('trial.note')`,
  },
]);

import { describe, expect, test } from "vitest";
import { reportCsv } from "./csv.ts";
import { exampleInput } from "./example-input.ts";
import type { ReportInput } from "./input.ts";
import { reportJson, reportSchema } from "./json.ts";

/** A reader of RFC 4180, written apart from the writer. */
function parse(csv: string): string[][] {
  const rows: string[][] = [[]];
  let cell = "";
  let quoted = false;
  for (let index = 0; index < csv.length; index += 1) {
    const character = csv.charAt(index);
    if (quoted) {
      if (character !== '"') cell += character;
      else if (csv.charAt(index + 1) === '"') {
        cell += '"';
        index += 1;
      } else quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === ",") {
      rows.at(-1)?.push(cell);
      cell = "";
    } else if (character === "\r" && csv.charAt(index + 1) === "\n") {
      rows.at(-1)?.push(cell);
      cell = "";
      rows.push([]);
      index += 1;
    } else cell += character;
  }
  return rows.slice(0, -1);
}

function hostile(note: string): ReportInput {
  const input = exampleInput(1, 1);
  return { ...input, findings: input.findings.map((finding) => ({ ...finding, note, title: note })) };
}

describe("the CSV report", () => {
  test("has a byte-order mark, CRLF and one row a requirement, all equally wide", () => {
    const csv = reportCsv(exampleInput(30, 2));
    expect(csv.startsWith("\uFEFFrequirement,group,title,status,")).toBe(true);
    const rows = parse(csv.slice(1));
    expect(rows.length).toBe(31);
    for (const row of rows) expect(row.length).toBe(rows[0]?.length);
  });

  test("names the document meant for each requirement, and says none where none is", () => {
    const rows = parse(reportCsv(exampleInput(16, 1)).slice(1));
    const [status, name, why] = ["machine_status", "meant_document", "meant_because"].map(
      (column) => rows[0]?.indexOf(column) ?? -1,
    );
    const cells = (row: string[]): unknown[] => [row[status ?? -1], row[name ?? -1], row[why ?? -1]];
    expect(cells(rows[1] ?? [])).toEqual([
      "covered",
      "SOP-06 Purchasing and supplier control.pdf",
      "its title names the subject\n41 % of its passages speak of it",
    ]);
    expect(cells(rows[5] ?? [])).toEqual(["gap", "none", ""]);
    const input = exampleInput(1, 1);
    const older = { ...input, findings: input.findings.map((each) => ({ ...each, addressed: null })) };
    expect(cells(parse(reportCsv(older).slice(1))[1] ?? [])).toEqual(["covered", "", ""]);
  });

  test.each(["=1+1", "+1+A1", "-1+A1", "@SUM(A1)", " =1", '=HYPERLINK("http://x","y")'])(
    "keeps %j from running as a formula",
    (text) => {
      const rows = parse(reportCsv(hostile(text)).slice(1));
      const place = rows[0]?.indexOf("note") ?? -1;
      expect(rows[1]?.[place]).toBe(`'${text}`);
      for (const cell of rows.flat()) expect(cell).not.toMatch(/^\s*[=+\-@\t\r]/u);
    },
  );

  test("gives commas, quotation marks and line breaks back unchanged", () => {
    const text = 'He said "no, not\r\nyet", then left';
    const rows = parse(reportCsv(hostile(text)).slice(1));
    expect(rows[1]?.[rows[0]?.indexOf("note") ?? -1]).toBe(text);
  });
});

describe("the JSON report", () => {
  test("names its schema and holds the input unchanged", () => {
    const input = exampleInput(5, 2);
    const parsed: unknown = JSON.parse(reportJson(input));
    expect(parsed).toEqual({ schema: reportSchema, ...input });
  });

  test("does not depend on the order in which the input was put together", () => {
    const input = exampleInput(5, 2);
    const reversed = { ...input };
    const { ledger, ...rest } = reversed;
    expect(reportJson({ ledger, ...rest })).toBe(reportJson(input));
  });
});

// Updates appended to a sealed file, each refused for what is wrong with it alone.
import { sealPdf } from "@probity/seal";
import { testPdf, testSigner } from "@probity/seal/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { verifyPdf } from "./pdf.ts";

let sealed: Buffer;
let text: string;
beforeAll(async () => {
  const made = await sealPdf(await testPdf(), {
    signer: testSigner(),
    name: "Test",
    reason: "Seal",
    at: new Date(),
    certify: true,
    attachments: [],
  });
  sealed = Buffer.from(made.pdf);
  text = sealed.toString("latin1");
});

type Update = {
  readonly objects?: Readonly<Record<number, string>>;
  /** More of the table than the objects, or other entries in their place. */
  readonly entries?: (places: ReadonlyMap<number, number>) => string;
  readonly generation?: number;
  readonly trailer?: string;
  readonly root?: string;
  readonly previous?: number;
  readonly start?: number;
  readonly behind?: string;
};
const place = (at: number, generation = 0, kind = "n") =>
  `${String(at).padStart(10, "0")} ${String(generation).padStart(5, "0")} ${kind} \n`;

function updated(update: Update): Buffer {
  const places = new Map<number, number>();
  let body = "\n";
  for (const [number, value] of Object.entries(update.objects ?? {})) {
    places.set(Number(number), sealed.length + body.length);
    body += `${number} ${update.generation ?? 0} obj\n${value}\nendobj\n`;
  }
  const entries = update.entries ?? (() => [...places].map(([number, at]) => `${number} 1\n${place(at)}`).join(""));
  const start = sealed.length + body.length;
  const root = update.root ?? /\/Root\s+(\d+ \d+ R)/.exec(text)?.[1] ?? "";
  const previous = update.previous ?? Number(/startxref\s+(\d+)\s+%%EOF\s*$/.exec(text)?.[1]);
  return Buffer.from(
    `${text}${body}xref\n0 1\n0000000000 65535 f \n${entries(places)}trailer\n<< /Size 2000 /Root ${root} /Prev ${previous} ${update.trailer ?? ""}>>\nstartxref\n${update.start ?? start}\n%%EOF\n${update.behind ?? ""}`,
    "latin1",
  );
}
function objectLike(pattern: RegExp): { number: number; value: string } {
  const found = [...text.matchAll(/(\d+) 0 obj\s([\s\S]*?)\sendobj/g)].findLast((match) =>
    pattern.test(match[2] ?? ""),
  );
  return { number: Number(found?.[1]), value: found?.[2] ?? "" };
}
const page = () => objectLike(/\/Type \/Page\b/);
const form = () => objectLike(/\/Fields \[/);
const root = () => objectLike(/\/Type \/Catalog/);
const field = "<< /FT /Sig /T (Seal9) /Type /Annot /Subtype /Widget /Rect [0 0 0 0] >>";
/** The page with one more annotation, where it can have one. */
const annotated = () =>
  page().value.includes("/Annots [")
    ? page().value.replace(/\/Annots \[([^\]]*)\]/, "/Annots [$1 950 0 R]")
    : page().value.replace(/>>\s*$/, "/Annots [950 0 R] >>");
const grown = (more: string) => form().value.replace("]", ` ${more}]`);

const unreadable = "Something was added after the seal that is no part of a PDF.";
const elsewhere = "What was added after the seal says that objects stand where they don't.";
const discontinued = "What was added after the seal does not continue the sealed file.";
const unjudged = "Objects were added after the seal in a form that can't be judged.";
const changed = (number: number) => `Object ${number} was changed after the seal.`;

describe("SIG-03 what is appended to a sealed file is refused for what is wrong with it", () => {
  test("what only adds is allowed", async () => {
    for (const update of [
      {},
      { objects: { 950: "<< /A 1 >>" } },
      { objects: { [page().number]: page().value } },
      { objects: { [form().number]: grown("950 0 R"), 950: field } },
      { objects: { [page().number]: annotated(), 950: field } },
    ])
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect([update, (await verifyPdf(updated(update))).outcome]).toEqual([update, "VERIFIED"]);
  });
  const rows: readonly [what: string, update: () => Update, says: () => string][] = [
    ["bytes that are none of a PDF", () => ({ behind: "hello (" }), () => unreadable],
    ["a dictionary that names something twice", () => ({ objects: { 950: "<< /A 1 /A 2 >>" } }), () => unreadable],
    [
      "a table that names an object twice",
      () => ({ objects: { 950: "1" }, entries: (at) => `950 1\n${place(at.get(950) ?? 0)}`.repeat(2) }),
      () => unreadable,
    ],
    [
      "an entry that is of no kind",
      () => ({ objects: { 950: "1" }, entries: (at) => `950 1\n${place(at.get(950) ?? 0, 0, "x")}` }),
      () => unreadable,
    ],
    ["a stream of objects", () => ({ objects: { 950: "<< /Type /ObjStm >>" } }), () => unjudged],
    ["a table as a stream", () => ({ objects: { 950: "<< /Type /XRef >>" } }), () => unjudged],
    ["a table beside the tables", () => ({ trailer: "/XRefStm 5 " }), () => discontinued],
    ["a key to it", () => ({ trailer: "/Encrypt 5 0 R " }), () => discontinued],
    ["another table before it", () => ({ previous: 5 }), () => discontinued],
    ["a table that starts elsewhere", () => ({ start: 5 }), () => discontinued],
    [
      "other words about itself",
      () => ({ objects: { 950: "<< /Title (Other) >>" }, trailer: "/Info 950 0 R " }),
      () => "What the file says of itself was exchanged after the seal.",
    ],
    [
      "another catalogue",
      () => ({ objects: { 950: root().value }, root: "950 0 R" }),
      () => "Another document was put in the place of the sealed one.",
    ],
    [
      "an object taken away",
      () => ({ entries: () => `${page().number} 1\n${place(0, 1, "f")}` }),
      () => `Object ${page().number} was removed after the seal.`,
    ],
    [
      "an object no table names",
      () => ({ objects: { 950: "1" }, entries: () => "" }),
      () => "What was added after the seal holds objects that no table names.",
    ],
    [
      "one more start than tables",
      () => ({ behind: "startxref\n5\n%%EOF\n" }),
      () => "What was added after the seal holds objects that no table names.",
    ],
    [
      "an object a byte beside its place",
      () => ({ objects: { 950: "1" }, entries: (at) => `950 1\n${place((at.get(950) ?? 0) + 1)}` }),
      () => elsewhere,
    ],
    [
      "another object in its place",
      () => ({
        objects: { 950: "1", 951: "2" },
        entries: (at) => `950 2\n${place(at.get(951) ?? 0)}${place(at.get(950) ?? 0)}`,
      }),
      () => elsewhere,
    ],
    [
      "an object of another generation than its entry",
      () => ({ objects: { 950: "1" }, generation: 1 }),
      () => elsewhere,
    ],
    [
      "a page of another generation",
      () => ({
        objects: { [page().number]: page().value },
        generation: 1,
        entries: (at) => `${page().number} 1\n${place(at.get(page().number) ?? 0, 1)}`,
      }),
      () => changed(page().number),
    ],
    [
      "a page that became a stream",
      () => ({ objects: { [page().number]: `${page().value.replace(">>", "/Length 1 >>")}\nstream\nx\nendstream` } }),
      () => changed(page().number),
    ],
    ["a page that is none any more", () => ({ objects: { [page().number]: "[1]" } }), () => changed(page().number)],
    [
      "a form with a field taken out",
      () => ({ objects: { [form().number]: form().value.replace(/\/Fields \[[^\]]*\]/, "/Fields []") } }),
      () => changed(form().number),
    ],
    [
      "a form with another field in its place",
      () => ({
        objects: { [form().number]: form().value.replace(/\/Fields \[[^\]]*\]/, "/Fields [950 0 R]"), 950: field },
      }),
      () => changed(form().number),
    ],
    [
      "a form whose list is none",
      () => ({ objects: { [form().number]: form().value.replace(/\/Fields \[[^\]]*\]/, "/Fields 5") } }),
      () => changed(form().number),
    ],
    [
      "a form that says something else",
      () => ({ objects: { [form().number]: form().value.replace("/Fields", "/Q 2 /Fields") } }),
      () => changed(form().number),
    ],
    [
      "a field that is of the sealed file",
      () => ({ objects: { [form().number]: grown(`${page().number} 0 R`) } }),
      () => changed(form().number),
    ],
    [
      "a field that is not there",
      () => ({ objects: { [form().number]: grown("1500 0 R") } }),
      () => changed(form().number),
    ],
    [
      "a good field, and one for text",
      () => ({ objects: { [form().number]: grown("950 0 R 951 0 R"), 950: field, 951: field.replace("/Sig", "/Tx") } }),
      () => changed(form().number),
    ],
    [
      "a field that is good in one version and not in the last",
      () => ({ objects: { [form().number]: grown("950 0 R"), 950: field.replace("[0 0 0 0]", "[0 0 0 9]") } }),
      () => changed(form().number),
    ],
    [
      "a field whose place is none",
      () => ({ objects: { [form().number]: grown("950 0 R"), 950: field.replace("[0 0 0 0]", "5") } }),
      () => changed(form().number),
    ],
    [
      "a page with a link over it",
      () => ({ objects: { [page().number]: annotated(), 950: "<< /Type /Annot /Subtype /Link /Rect [0 0 0 0] >>" } }),
      () => changed(page().number),
    ],
    [
      "a catalogue with another form",
      () => ({
        objects: { [root().number]: root().value.replace(/\/AcroForm \d+ 0 R/, "/AcroForm << /Fields [] >>") },
      }),
      () => "The document's catalogue was changed after the seal.",
    ],
    [
      "a catalogue without its form",
      () => ({ objects: { [root().number]: root().value.replace(/\/AcroForm \d+ 0 R/, "") } }),
      () => "The document's catalogue was changed after the seal.",
    ],
  ];
  test.each(rows)("%s", async (_, update, says) => {
    const { outcome, sentence, signatures } = await verifyPdf(updated(update()));
    expect([outcome, sentence, signatures[0]?.holds]).toEqual(["TAMPERED", says(), true]);
  });
  test("another picture of the same page: a stream with the same dictionary and other bytes", async () => {
    const stream = objectLike(/stream\r?\n/);
    const at = stream.value.indexOf("stream") + 8;
    const other = `${stream.value.slice(0, at)}${stream.value.charAt(at) === "x" ? "y" : "x"}${stream.value.slice(at + 1)}`;
    const { outcome, sentence } = await verifyPdf(updated({ objects: { [stream.number]: other } }));
    expect([outcome, sentence]).toEqual(["TAMPERED", changed(stream.number)]);
  });
  test("a remark behind the end", async () => {
    const { outcome, sentence } = await verifyPdf(Buffer.concat([sealed, Buffer.from("% a remark\n")]));
    expect([outcome, sentence]).toEqual(["TAMPERED", "Bytes were added after the seal."]);
  });
});

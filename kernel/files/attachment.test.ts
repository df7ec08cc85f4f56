import { describe, expect, test } from "vitest";
import { inspectAttachment } from "./attachment.ts";
import { docxParts, packParts } from "./fixture/docx.ts";
import { makePdf } from "./fixture/pdf.ts";
import { defaultFileLimits as limits } from "./limit.ts";

const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const segment = (marker: number, content: string) =>
  Buffer.concat([Buffer.from([0xff, marker, 0, content.length + 2]), Buffer.from(content, "latin1")]);
const jpeg = Buffer.concat([
  Buffer.from([0xff, 0xd8]),
  segment(0xe1, "Exif\0\0GPS"),
  segment(0xc0, "frame"),
  segment(0xda, "scan"),
  Buffer.from([1, 2, 3, 0xff, 0xd9]),
]);
const pdf = makePdf([{ lines: [{ text: "Chromatogram", y: 700 }] }]);
const page = "<!doctype html><script>alert(1)</script>";

const judged = async (bytes: Uint8Array, name: string, maxBytes = limits.maxBytes) => {
  const found = await inspectAttachment(bytes, name, { ...limits, maxBytes });
  return found.outcome === "accepted" ? found.kind : [found.code, found.text];
};
const refused = (code: string, text: RegExp) => [code, expect.stringMatching(text)];

describe("FIL-01 a file beside a record is taken by its content", () => {
  test.each([
    ["png", png, "plate.png"],
    ["png", png, "plate"],
    ["jpeg", jpeg, "IMG_2041.JPG"],
    ["jpeg", Buffer.concat([jpeg, Buffer.from("what a camera writes behind the end")]), "a.jpeg"],
    ["pdf", pdf, "run-7.pdf"],
    ["csv", Buffer.from("time;area\n1.02;40\n1.90;7\n"), "peaks.txt"],
    ["csv", Buffer.from('a,b\n"x, y",2\n'), "peaks.csv"],
    ["txt", Buffer.from("Balance BAL-2\nNet 12.0031 g\n"), "balance.csv"],
  ])("%s, whatever it is called", async (kind, bytes, name) => {
    expect(await judged(bytes, name)).toBe(kind);
  });

  const harmed = Buffer.from(png);
  harmed[45] = (harmed[45] ?? 0) ^ 1;
  test.each([
    ["a page named as a picture", Buffer.from(page), "plate.png", refused("wrong-type", /is a web page, and PNG/)],
    [
      "script named as a picture",
      Buffer.from("<script>alert(1)</script>"),
      "plate.png",
      refused("wrong-type", /named as a PNG picture and is text/),
    ],
    ["a picture named as a PDF", png, "run.pdf", refused("wrong-type", /named as a PDF file and is a PNG/)],
    ["a page behind a picture", Buffer.concat([png, Buffer.from(page)]), "plate.png", refused("corrupt", /damaged/)],
    ["a picture with its signature alone", png.subarray(0, 8), "plate.png", refused("corrupt", /damaged/)],
    ["a picture cut short", png.subarray(0, 60), "plate.png", refused("corrupt", /damaged/)],
    ["a picture with a changed bit", harmed, "plate.png", refused("corrupt", /damaged/)],
    ["a JPEG without a picture", jpeg.subarray(0, 14), "a.jpg", refused("corrupt", /damaged/)],
    ["nothing", Buffer.alloc(0), "plate.png", refused("empty", /is empty/)],
    ["a Word document", packParts(docxParts([{ text: "x" }])), "a.docx", refused("wrong-type", /a Word document/)],
    ["a GIF", Buffer.from("GIF89a\0\0"), "a.gif", refused("wrong-type", /a GIF picture, and PNG/)],
    ["a program", Buffer.from("\u007fELF\0\0"), "a.txt", refused("wrong-type", /a Linux program/)],
  ])("%s is refused, and says why", async (_, bytes, name, answer) => {
    expect(await judged(bytes, name)).toEqual(answer);
  });

  test("more bytes than the limit are refused, of each kind", async () => {
    for (const [bytes, name] of [
      [png, "a.png"],
      [jpeg, "a.jpg"],
      [pdf, "a.pdf"],
    ] as const)
      expect(await judged(bytes, name, bytes.length - 1)).toEqual(refused("too-big", /the limit here/));
  });
});

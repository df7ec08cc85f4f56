import { join } from "node:path";
import { defineControl } from "../control.ts";
import { linkTo, upload } from "../scratch-document.ts";
import { wordFile } from "../zip.ts";
import { allOf, type Check } from "./outcome.ts";
import { filesBelow } from "./tenant-namespaces.ts";

const mebibyte = 1024 * 1024;
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** File name, content, and the code it must be refused with. */
function hostile(): (readonly [name: string, bytes: Buffer, code: string])[] {
  return [
    ["probe-picture.pdf", png, "file.wrong-type"],
    ["probe-program.docx", Buffer.concat([Buffer.from("MZ"), Buffer.alloc(600, 7)]), "file.wrong-type"],
    ["probe-empty.txt", Buffer.alloc(0), "file.empty"],
    ["probe-bomb.docx", wordFile("bomb", { bombBytes: 24 * mebibyte }), "file.bomb"],
    ["probe-cut.docx", wordFile("cut").subarray(0, 300), "file.corrupt"],
  ];
}

export const uploadRefusal = defineControl({
  id: "FIL-01",
  standards: ["SOC 2 CC6.8", "ISO 27001 A.8.7", "OWASP ASVS 5.2"],
  yourPart: "Decide by policy how large your files may be.",
  notProbed: ["page limit"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "refusals",
      kind: "scratch",
      title:
        "A wrong type, a bomb, an empty or a damaged file is refused with its own reason, and nothing of it is kept",
      run: async (context) => {
        const { documentId } = await context.document();
        return allOf("an ordinary document is taken", [[documentId !== "", "an ordinary document was refused"]]);
      },
      negative: async (context) => {
        const { http, scratch, filesFolder } = context;
        const { collectionId } = await context.document();
        const stored = async () =>
          filesFolder === undefined
            ? 0
            : (await filesBelow(join(filesFolder, scratch.a.id))).filter((name) => name.endsWith(".part")).length;
        const rows = () =>
          context.database.bound(scratch.a.id, async (connection) =>
            Number(
              (
                await connection.query("select count(*) as n from kernel.version_history where record <> 'kernel.link'")
              )[0]?.["n"],
            ),
          );
        const before = await rows();
        const checks: Check[] = [];
        for (const [name, bytes, code] of hostile()) {
          const answer = await upload(http, scratch.a.ownerKey, collectionId, name, bytes);
          checks.push([
            answer.status >= 400 && answer.status < 500 && answer.body["code"] === code,
            `${name} was answered ${answer.status} ${String(answer.body["code"] ?? "")} instead of ${code}`,
          ]);
        }
        checks.push(
          [(await rows()) === before, "a refused file left rows behind"],
          [(await stored()) === 0, "a refused file left bytes behind"],
        );
        return allOf(
          `${hostile().length} hostile files were refused, each with its own code, and left no row and no byte`,
          checks,
        );
      },
    },
    {
      id: "macros",
      kind: "scratch",
      title: "A document with macros is kept without them",
      run: async (context) => {
        const { status, copy, text } = await macroCopy(
          context.http,
          context.scratch.a.ownerKey,
          (await context.document()).collectionId,
        );
        return allOf("the document's copy can be downloaded", [
          [
            status === 202 && copy !== undefined && copy.length > 0,
            `the document with macros was answered ${status}: ${text}`,
          ],
        ]);
      },
      negative: async (context) => {
        const { copy } = await macroCopy(
          context.http,
          context.scratch.a.ownerKey,
          (await context.document()).collectionId,
        );
        return allOf("the copy holds no macro project", [
          [copy !== undefined, "there was no copy to look into"],
          [copy?.includes("vbaProject") !== true, "the stored copy still holds its macro project"],
          [copy?.includes("macroEnabled") !== true, "the stored copy is still a macro-enabled document"],
        ]);
      },
    },
  ],
});

async function macroCopy(http: Parameters<typeof upload>[0], key: string, collectionId: string) {
  const file = wordFile("A form with a macro.", { macro: "Attribute VB_Name = AutoOpen" });
  const sent = await upload(http, key, collectionId, "probe-macro.docm", file);
  const id = sent.body["id"];
  if (sent.status !== 202 || typeof id !== "string")
    return { status: sent.status, copy: undefined, text: sent.text.slice(0, 200) };
  const got = await http("GET", (await linkTo(http, key, id)).url);
  return { status: sent.status, copy: got.status === 200 ? got.bytes : undefined, text: "" };
}

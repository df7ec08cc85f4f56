import { readdir } from "node:fs/promises";
import { join, sep } from "node:path";
import { defineControl } from "../control.ts";
import { listOf } from "../http.ts";
import { scratchCollection, upload } from "../scratch-document.ts";
import { allOf } from "./outcome.ts";

const sealedName = /^[0-9a-f]{2}\/[0-9a-f]{64}$/;

/** Paths below a folder, with forward slashes; none where the folder is missing. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .split(sep)
        .join("/"),
    );
}

export const tenantNamespaces = defineControl({
  id: "TEN-02",
  standards: ["SOC 2 CC6.1", "ISO 27001 A.8.3", "ISO 27001 A.8.12"],
  yourPart: "Keep the data folder, or the bucket, to the account the server runs as.",
  notProbed: ["caches", "embeddings", "search indexes"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "file-folders",
      kind: "scratch",
      title: "Equal files of two tenants lie in two folders under two names",
      run: async (context) => {
        const { filesFolder, scratch } = context;
        const { bytes } = await context.document();
        const collection = await scratchCollection(context.http, scratch.b.ownerKey);
        const sent = await upload(context.http, scratch.b.ownerKey, collection, "probe-same.txt", bytes);
        if (filesFolder === undefined)
          return { held: false, detail: "Files lie in a bucket, whose folders this probe can't read." };
        const files = await Promise.all([scratch.a, scratch.b].map(({ id }) => filesBelow(join(filesFolder, id))));
        const [ofA = [], ofB = []] = files;
        const roots = await readdir(filesFolder);
        return allOf(
          `the same bytes lie as ${ofA.length} and ${ofB.length} sealed files in the folders of A and B, none of one name`,
          [
            [sent.status === 202, `tenant B's upload of the same file was answered ${sent.status}`],
            [ofA.length > 0 && ofB.length > 0, "an upload left no file in its tenant's folder"],
            [[...ofA, ...ofB].every((name) => sealedName.test(name)), "a file is not named by a keyed hash"],
            [roots.every((name) => /^[0-9a-f-]{36}$/.test(name)), "something lies outside the tenants' folders"],
            [
              !ofA.some((name) => ofB.includes(name)),
              "equal files of two tenants bear one name: an outsider could tell they are equal",
            ],
          ],
        );
      },
      negative: async ({ http, scratch, document }) => {
        const { documentId } = await document();
        const asked = await Promise.all(
          (["text", "download"] as const).map((what) =>
            http(what === "text" ? "GET" : "POST", `/api/regulatory-docs/documents/${documentId}/${what}`, {
              key: scratch.b.ownerKey,
            }),
          ),
        );
        return allOf(
          "B asked for A's file and its text by id, and was told there is none",
          asked.map((answer) => [answer.status === 404, `B got ${answer.status} for a file of A`]),
        );
      },
    },
    {
      id: "job-namespace",
      kind: "scratch",
      title: "A tenant's jobs are its own",
      run: ({ database, scratch }) =>
        database.bound(scratch.a.id, async (connection) => {
          const rows = await connection.query("select distinct tenant_id::text as tenant from kernel.job");
          return allOf("A sees its own jobs and no others", [
            [
              rows.length === 1 && rows[0]?.["tenant"] === scratch.a.id,
              `jobs of ${rows.length} tenants were visible from A`,
            ],
          ]);
        }),
      negative: async ({ http, scratch, database, document }) => {
        await document();
        const [job] = await database.bound(scratch.a.id, (connection) =>
          connection.query("select id::text as id from kernel.job order by enqueued_at desc limit 1"),
        );
        const answer = await http("GET", `/api/jobs/${String(job?.["id"])}/events`, {
          key: scratch.b.ownerKey,
          timeoutSeconds: 5,
        });
        const list = await http("GET", "/api/jobs", { key: scratch.b.ownerKey });
        const seen = listOf(list.body["items"]).some((item) => item["id"] === job?.["id"]);
        return allOf("B asked for a job of A, and was told there is none", [
          [job !== undefined, "no job was there to ask for"],
          [answer.status === 404, `B got ${answer.status} for a job of A`],
          [list.status === 200 && !seen, "B's list of jobs shows one of A"],
        ]);
      },
    },
  ],
});

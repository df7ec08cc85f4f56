import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { catalogueName, refusal, type ProbeConnection } from "@probity/kernel";
import { defineControl, type ProbeContext } from "../control.ts";
import { linkTo } from "../scratch-document.ts";
import { allOf, type Check } from "./outcome.ts";
import { filesBelow } from "./tenant-namespaces.ts";

/** The marker as text, as PostgreSQL prints bytes, and as base64 at each of the three places it can start. */
function formsOf(marker: string): string[] {
  const shifted = [0, 1, 2].map((shift) =>
    Buffer.from(`${"x".repeat(shift)}${marker}`)
      .toString("base64")
      .slice(shift === 0 ? 0 : 4, -4),
  );
  return [marker, Buffer.from(marker).toString("hex"), ...shifted];
}

/** Tables that this role may read. */
async function readableTables(connection: ProbeConnection): Promise<string[]> {
  const rows = await connection.query(
    `select c.oid::regclass::text as name
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
       and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') order by 1`,
  );
  return rows.map((row) => String(row["name"]));
}

/** Tables in which any form of the marker turns up. Only rows of the scratch tenant are read where rows have a tenant. */
async function searchTables(connection: ProbeConnection, tenantId: string, marker: string) {
  const names: string[] = [];
  const found: string[] = [];
  for (const name of await readableTables(connection)) {
    const failed = await refusal(connection, async () => {
      const rows = await connection.query(
        // A table without tenants is searched whole: the row as JSON has no tenant_id then.
        `select 1 from ${catalogueName(name)} t where coalesce(to_jsonb(t) ->> 'tenant_id', $2::text) = $2::text
           and exists (select from unnest($1::text[]) f where strpos(t::text, f) > 0) limit 1`,
        [formsOf(marker), tenantId],
      );
      if (rows.length > 0) found.push(name);
    });
    if (failed === undefined) names.push(name);
  }
  return { names, found };
}

async function searchDatabase({ database, scratch }: ProbeContext, marker: string) {
  const parts = [
    await database.bound(scratch.a.id, (connection) => searchTables(connection, scratch.a.id, marker)),
    ...(await Promise.all(
      ["probity_door", "probity_worker"].map((role) =>
        database.attempt("setup", async (connection) => {
          await connection.query(`set local role ${catalogueName(role)}`);
          return searchTables(connection, scratch.a.id, marker);
        }),
      ),
    )),
  ];
  return { looked: new Set(parts.flatMap(({ names }) => names)).size, found: parts.flatMap(({ found }) => found) };
}

export const sealing = defineControl({
  id: "ENC-01",
  standards: ["SOC 2 CC6.1", "ISO 27001 A.8.24", "GDPR Art. 32(1)(a)", "HIPAA §164.312(a)(2)(iv)", "21 CFR 11.30"],
  yourPart: "Keep the root key, keys/root.key or your key service, apart from copies of the data.",
  notProbed: ["backups"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "marker",
      kind: "scratch",
      title: "A marked document is nowhere in clear: not among the files, not in any table",
      run: async (context) => {
        const { bytes, documentId } = await context.document();
        const link = await linkTo(context.http, context.scratch.a.ownerKey, documentId);
        const got = await context.http("GET", link.url);
        return allOf("its owner downloads the very bytes that were sent", [
          [
            got.status === 200 && got.bytes?.equals(bytes) === true,
            `the download gave ${got.status} and not the bytes sent`,
          ],
        ]);
      },
      negative: async (context) => {
        const { marker } = await context.document();
        const { looked, found } = await searchDatabase(context, marker);
        const checks: Check[] = [
          [looked > 10, `only ${looked} tables could be read`],
          ...found.map((name): Check => [false, `the marker lies in clear in table ${name}`]),
        ];
        let files = 0;
        if (context.filesFolder === undefined)
          checks.push([false, "Files lie in a bucket, which this probe can't read."]);
        else {
          const folder = join(context.filesFolder, context.scratch.a.id);
          for (const name of await filesBelow(folder)) {
            const content = await readFile(join(folder, name));
            files += 1;
            checks.push([
              !formsOf(marker).some((form) => content.includes(form)),
              "the marker lies in clear in a stored file",
            ]);
          }
        }
        checks.push([files > 0, "no stored file was there to look through"]);
        return allOf(
          `looked for the marker, as text, hex and base64, in ${looked} tables and ${files} files: absent`,
          checks,
        );
      },
    },
    {
      id: "flipped-byte",
      kind: "scratch",
      title: "A sealed file with one byte changed is not given out",
      run: async (context) => {
        const { sealed, download } = await sealedFile(context);
        const got = await download();
        return allOf(`the untouched file (${sealed.length} sealed bytes) opens`, [
          [got.whole, `the untouched file gave ${got.status}`],
        ]);
      },
      negative: async (context) => {
        const { path, sealed, download } = await sealedFile(context);
        const damaged = Buffer.from(sealed);
        const at = Math.floor(damaged.length / 2);
        damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at);
        await writeFile(path, damaged);
        const got = await download().finally(() => writeFile(path, sealed));
        return allOf("one bit of the sealed file was turned: not a byte of it came out", [
          [!got.whole && got.released === 0, `a changed file was given out (${got.status}, ${got.released} bytes)`],
        ]);
      },
    },
  ],
});

/** The sealed file of the scratch document: the one that, taken away, is missed. Each name is tried by its sealed size. */
async function sealedFile(context: ProbeContext) {
  const { http, scratch, filesFolder } = context;
  const { bytes, documentId } = await context.document();
  if (filesFolder === undefined) throw new Error("files lie in a bucket, which this probe can't change");
  const folder = join(filesFolder, scratch.a.id);
  const [row] = await context.database.bound(scratch.a.id, (connection) =>
    connection.query(
      "select content_id from kernel.blob where kind = 'txt' and bytes = $1 and deleted_at is null order by created_at desc limit 1",
      [bytes.length],
    ),
  );
  const name = String(row?.["content_id"]);
  const path = join(folder, name.slice(0, 2), name);
  const sealed = await readFile(path);
  const download = async () => {
    const link = await linkTo(http, scratch.a.ownerKey, documentId);
    const got = await http("GET", link.url).catch(() => undefined);
    const problem = got?.headers.get("content-type")?.includes("problem+json") === true;
    return {
      status: got?.status ?? "a broken connection",
      whole: got?.status === 200 && got.bytes?.equals(bytes) === true,
      released: problem ? 0 : (got?.bytes?.length ?? 0),
    };
  };
  return { path, sealed, download };
}

import { createHash, randomBytes, randomUUIDv7 as uuidv7 } from "node:crypto";
import { Readable } from "node:stream";
import { sql } from "kysely";
import { Type } from "typebox";
import { defineRoute, type Route } from "../http/route.ts";
import type { Kernel } from "../kernel.ts";
import { policyValue } from "../policy/store.ts";
import type { Tx } from "../work/door.ts";
import { doorProblem } from "../work/error.ts";
import { query } from "../work/query.ts";

const mediaTypes: Readonly<Record<string, string>> = {
  pdf: "application/pdf",
  docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  doc: "application/msword",
  txt: "text/plain; charset=utf-8",
  csv: "text/csv; charset=utf-8",
  png: "image/png",
  jpeg: "image/jpeg",
};

/**
 * Makes a download link for one blob, for one person, ending when policy says (FIL-03). The token is shown once. `through`
 * is the record whose file it is: the link opens it as long as its maker sees that row (TEN-06).
 */
export async function makeDownloadLink(
  tx: Tx,
  blobId: string,
  fileName: string,
  through: { readonly record: string; readonly rowId: string },
): Promise<{ id: string; url: string; expiresAt: string }> {
  const id = uuidv7();
  const token = `ln_${randomBytes(32).toString("base64url")}`;
  const expiresAt = new Date(Date.now() + (await policyValue(tx, "file.linkMinutes")) * 60_000);
  await tx.record({
    action: "kernel.link.create",
    record: "kernel.link",
    rowId: id,
    version: 1,
    fields: { blobId, expiresAt, through: through.rowId },
  });
  await tx.all(
    query.insertInto("kernel.link").values({
      id,
      secret_hash: createHash("sha256").update(token).digest(),
      purpose: fileName,
      subject_id: blobId,
      permission: "kernel.file.open",
      membership_id: tx.who.actorId,
      expires_at: expiresAt,
      record: through.record,
      row_id: through.rowId,
    }),
  );
  return { id, url: `/api/files/${token}`, expiresAt: expiresAt.toISOString() };
}

/**
 * Makes a signed link to something of an app's own: its bearer enters with this one permission, and the app's route looks at
 * `subjectId` alone (`tx.who.subjectId`). It does what its maker may do, and no longer than they may. The token is shown once.
 */
export async function makeSignedLink(
  tx: Tx,
  link: { readonly purpose: string; readonly subjectId: string; readonly permission: string; readonly expiresAt: Date },
): Promise<{ id: string; token: string }> {
  const id = uuidv7();
  const token = `ln_${randomBytes(32).toString("base64url")}`;
  const { purpose, subjectId, permission, expiresAt } = link;
  await tx.record({
    action: "kernel.link.create",
    record: "kernel.link",
    rowId: id,
    version: 1,
    fields: { subjectId, permission, expiresAt },
  });
  await tx.all(
    query.insertInto("kernel.link").values({
      id,
      secret_hash: createHash("sha256").update(token).digest(),
      purpose,
      subject_id: subjectId,
      permission,
      membership_id: tx.who.actorId,
      expires_at: expiresAt,
    }),
  );
  return { id, token };
}

/** Ends every open link made through these rows, each with its leaf: they are deleted. Equal files of others stay open. */
export async function revokeLinks(tx: Tx, rowIds: readonly string[]): Promise<void> {
  if (rowIds.length > 0) await revokeAll(tx, openLinks().where("row_id", "in", [...rowIds]));
}

/** Ends one link, if it is still open. */
export async function revokeLink(tx: Tx, id: string): Promise<void> {
  await revokeAll(tx, openLinks().where("id", "=", id));
}

/** Ends every open link of a member: what one of them opens is theirs no more. */
export async function revokeLinksOf(tx: Tx, membershipId: string): Promise<void> {
  await revokeAll(tx, openLinks().where("membership_id", "=", membershipId));
}

function openLinks() {
  return query
    .selectFrom("kernel.link")
    .select(["id", "version"])
    .where("revoked_at", "is", null)
    .where("expires_at", ">", new Date())
    .forUpdate();
}

async function revokeAll(tx: Tx, links: ReturnType<typeof openLinks>): Promise<void> {
  const open = await tx.all(links);
  if (open.length === 0) return;
  await tx.recordAll(
    open.map(({ id, version }) => ({
      action: "kernel.link.revoke",
      record: "kernel.link",
      rowId: id,
      version: version + 1,
    })),
  );
  const ids = open.map(({ id }) => id);
  await tx.all(query.updateTable("kernel.link").set({ revoked_at: new Date() }).where("id", "in", ids));
}

/** GET /api/files/{token}: the link is the credential; each use leaves its leaf. */
export function fileRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/files/{token}",
      summary: "Download a file by its signed link",
      tag: "files",
      permission: "kernel.file.open",
      // One that a mail program cut is answered as a link that ended.
      params: Type.Object({ token: Type.String({ minLength: 1, maxLength: 100 }) }),
      answers: { 200: "application/octet-stream" },
      handle: async (request) => {
        const credential = { kind: "link", token: request.params.token, source: request.source } as const;
        const { blob, keys, fileName } = await kernel.door.work(credential, "kernel.file.open", async (tx) => {
          const link = await tx.first(
            query
              .selectFrom("kernel.link")
              .select([
                "id",
                "purpose",
                sql<boolean>`case when record is null then kernel.audience_open() else kernel.may_see(record, row_id) end`.as(
                  "seen",
                ),
              ])
              .where("secret_hash", "=", createHash("sha256").update(request.params.token).digest()),
          );
          // Its maker sees the row no more: taken back, or the workspace shares by owner since.
          if (link?.seen !== true) throw doorProblem.link_ended();
          const found = await kernel.files.find(tx, tx.who.subjectId ?? "");
          await tx.record({
            action: "kernel.file.download",
            record: "kernel.link",
            rowId: link.id,
            fields: { blobId: found.id },
          });
          return { blob: found, keys: await kernel.files.keysOf(tx), fileName: link.purpose };
        });
        return {
          body: Readable.from(kernel.files.open(blob, keys)),
          type: mediaTypes[blob.kind] ?? "application/octet-stream",
          headers: { "content-disposition": `attachment; filename*=UTF-8''${encodeURIComponent(fileName)}` },
        };
      },
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/links/{id}",
      summary: "Revoke a download link",
      tag: "files",
      permission: "kernel.file.open",
      params: Type.Object({ id: Type.String({ format: "uuid" }) }),
      answers: { 204: "" },
      handle: async (request) => {
        await kernel.door.work(request.credential, "kernel.file.open", async (tx) => {
          const link = await tx.first(
            query
              .selectFrom("kernel.link")
              .select(["version"])
              .where("id", "=", request.params.id)
              .where("membership_id", "=", tx.who.actorId),
          );
          if (!link) throw doorProblem.not_found();
          await tx.record({
            action: "kernel.link.revoke",
            record: "kernel.link",
            rowId: request.params.id,
            version: link.version + 1,
          });
          await tx.all(
            query.updateTable("kernel.link").set({ revoked_at: new Date() }).where("id", "=", request.params.id),
          );
        });
        return { status: 204 };
      },
    }),
  ];
}

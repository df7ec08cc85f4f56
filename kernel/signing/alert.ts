import type { Own } from "../identity/factor.ts";
import type { Identity } from "../identity/identity.ts";
import { defineMail, spoken } from "../mail/template.ts";
import { workspaceName } from "../tenancy/lookup.ts";
import { query } from "../work/query.ts";
import type { Asked } from "./proof.ts";

const signingLockedMail = defineMail(
  "signing.locked",
  (values: { person: string; workspace: string; tries: number; url: string }) => ({
    subject: `Signing in the name of ${spoken(values.person)} is locked`,
    parts: [
      `In ${spoken(values.workspace)} there were ${values.tries} wrong tries in a row at signing in the name of ${spoken(values.person)}. Nothing was signed, and nobody signs in this name until an admin reinstates it.`,
      "Ask the person whether the tries were theirs. If they were not, somebody else uses their session: end their sessions first.",
      { label: "Open People & access", url: values.url },
    ],
  }),
);

/** Leaves the leaf of a wrong try; at the limit it tells every owner and admin, in the same transaction (11.300(d)). */
export async function noteFailedSigning(
  { kernel, post, site }: Identity,
  own: Own,
  asked: Pick<Asked, "tenantId" | "record" | "rowId" | "step">,
  { tries, locks, reason }: { tries: number; locks: boolean; reason?: string },
): Promise<void> {
  await kernel.door.work(kernel.system(asked.tenantId, own.source), "kernel.session.note", async (tx) => {
    const members = await tx.all(
      query
        .selectFrom("kernel.membership")
        .select(["id", "user_id", "name", "email", "role"])
        .where("status", "=", "active")
        .where("deleted_at", "is", null),
    );
    const person = members.find((each) => each.user_id === own.userId);
    const about = person === undefined ? {} : { record: "kernel.membership", rowId: person.id };
    const fields = {
      of: asked.record,
      row: asked.rowId,
      step: asked.step,
      tries: String(tries),
      ...(reason === undefined ? {} : { reason }),
    };
    await tx.record({ action: "kernel.signature.refuse", outcome: "refused", ...about, fields });
    if (!locks) return;
    await tx.record({ action: "kernel.signing.lock", ...about, fields });
    const workspace = await workspaceName(tx);
    for (const admin of members.filter((each) => each.role === "owner" || each.role === "admin")) {
      const mail = signingLockedMail.compose({
        person: person?.name ?? "a former member",
        workspace,
        tries,
        url: site.url,
      });
      await post.queueIn(tx, mail, { address: admin.email, userId: admin.user_id });
    }
  });
}

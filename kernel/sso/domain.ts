import { randomBytes, randomUUIDv7 as uuidv7 } from "node:crypto";
import { DatabaseError } from "pg";
import type { Kernel } from "../kernel.ts";
import { unsafeAcrossTenants } from "../work/across.ts";
import type { Credential } from "../work/credential.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { cleanDomain } from "./domain-name.ts";
import { ssoProblem } from "./error.ts";
import type { TxtLookup } from "./name-server.ts";

export type SsoDomain = {
  readonly id: string;
  readonly domain: string;
  /** The TXT record that proves the domain: where it stands and what it says. */
  readonly record: { readonly name: string; readonly value: string };
  readonly verifiedAt: Date | null;
  readonly checkedAt: Date | null;
  readonly missingSince: Date | null;
};

const change = "kernel.sso.change";
const recheckHours = 24;
/** A record may be lost in a move between name servers; after this long it counts as taken away. */
const graceHours = 72;

function recordOf(domain: string, challenge: string) {
  return { name: `_probity-challenge.${domain}`, value: `probity-domain=${challenge}` };
}

/** The domains of the bound workspace, verified or not. */
export async function listDomains(tx: Tx): Promise<SsoDomain[]> {
  const rows = await tx.all(openDomains().orderBy("domain"));
  return rows.map((row) => ({
    id: row.id,
    domain: row.domain,
    record: recordOf(row.domain, row.challenge),
    verifiedAt: row.verified_at,
    checkedAt: row.checked_at,
    missingSince: row.missing_since,
  }));
}

/** The verified domains of the bound workspace, by name. */
export async function verifiedDomains(tx: Tx): Promise<string[]> {
  const rows = await tx.all(openDomains().where("verified_at", "is not", null));
  return rows.map((row) => row.domain);
}

/** Puts a domain on the list; it counts for nothing until its record is seen. */
export async function addDomain(tx: Tx, name: string): Promise<string> {
  const domain = cleanDomain(name);
  if (domain === undefined) throw ssoProblem.domain_unreadable();
  const known = await tx.first(openDomains().where("domain", "=", domain));
  if (known) throw ssoProblem.domain_taken();
  const id = uuidv7();
  await tx.record({
    action: "kernel.sso_domain.create",
    record: "kernel.sso_domain",
    rowId: id,
    version: 1,
    fields: { domain },
  });
  const challenge = randomBytes(20).toString("hex");
  await tx.all(query.insertInto("kernel.sso_domain").values({ id, domain, challenge }));
  return id;
}

/** Takes a domain off the list; nobody signs in by it from then on. The last one of a workspace that forces it stays. */
export async function removeDomain(tx: Tx, id: string): Promise<void> {
  const row = await lockDomain(tx, id);
  if (row.verified_at !== null && (await isForced(tx))) {
    const verified = await verifiedDomains(tx);
    if (verified.length < 2) throw ssoProblem.domain_forced();
  }
  await tx.record({
    action: "kernel.sso_domain.delete",
    record: "kernel.sso_domain",
    rowId: id,
    version: row.version + 1,
  });
  await tx.all(query.updateTable("kernel.sso_domain").set({ deleted_at: new Date() }).where("id", "=", id));
}

/**
 * Asks the name server for the record, outside any transaction, then verifies the domain. A domain belongs to one
 * workspace: the database refuses a second one, also of two that verify at once.
 */
export async function verifyDomain(
  kernel: Pick<Kernel, "door">,
  credential: Credential,
  id: string,
  lookup: TxtLookup,
): Promise<void> {
  const row = await kernel.door.work(credential, change, (tx) => lockDomain(tx, id));
  const seen = await isProved(row, lookup);
  if (seen === "silent") throw ssoProblem.name_server_silent();
  if (!seen) throw ssoProblem.record_missing();
  try {
    await kernel.door.work(credential, change, async (tx) => noteSeen(tx, await lockDomain(tx, id), true));
  } catch (error) {
    if (error instanceof DatabaseError && error.code === "23505") throw ssoProblem.domain_taken();
    throw error;
  }
}

/**
 * Looks at every verified domain of the instance once a day. One whose record is gone for three days is verified no more:
 * whoever has it now must not be spoken for by whoever had it then. A name server that is silent proves nothing either way.
 */
export async function recheckDomains(kernel: Kernel, lookup: TxtLookup, now = new Date()): Promise<number> {
  const before = new Date(now.getTime() - recheckHours * 3_600_000);
  const due = await unsafeAcrossTenants(kernel, "daily re-check of verified domains", (reader) =>
    reader.all(
      query
        .selectFrom("kernel.sso_domain")
        .select(["tenant_id", "id", "domain", "challenge"])
        .where("verified_at", "is not", null)
        .where("deleted_at", "is", null)
        .where((where) => where.or([where("checked_at", "is", null), where("checked_at", "<", before)]))
        .limit(500),
    ),
  );
  for (const row of due) {
    const seen = await isProved(row, lookup);
    if (seen === "silent") continue;
    // A frozen workspace is closed for this too: the look-up is made again when it is thawed.
    await kernel.door
      .work(kernel.system(row.tenant_id), "kernel.sso.recheck", async (tx) =>
        noteSeen(tx, await lockDomain(tx, row.id), seen, now),
      )
      .catch(() => undefined);
  }
  return due.length;
}

async function isProved(row: { domain: string; challenge: string }, lookup: TxtLookup): Promise<boolean | "silent"> {
  const { name, value } = recordOf(row.domain, row.challenge);
  const answer = await lookup(name);
  return answer === "silent" ? "silent" : answer.texts.some((text) => text.trim() === value);
}

type DomainRow = Awaited<ReturnType<typeof lockDomain>>;

async function noteSeen(tx: Tx, row: DomainRow, seen: boolean, now = new Date()): Promise<void> {
  const missingSince = seen ? null : (row.missing_since ?? now);
  const lost = missingSince !== null && now.getTime() - missingSince.getTime() >= graceHours * 3_600_000;
  const verifiedAt = seen ? (row.verified_at ?? now) : lost ? null : row.verified_at;
  await tx.record({
    action: lost
      ? "kernel.sso_domain.lose"
      : row.verified_at === null
        ? "kernel.sso_domain.verify"
        : "kernel.sso_domain.check",
    record: "kernel.sso_domain",
    rowId: row.id,
    version: row.version + 1,
    fields: { domain: row.domain, seen: String(seen) },
  });
  await tx.all(
    query
      .updateTable("kernel.sso_domain")
      .set({ verified_at: verifiedAt, checked_at: now, missing_since: missingSince })
      .where("id", "=", row.id),
  );
}

function openDomains() {
  return query
    .selectFrom("kernel.sso_domain")
    .select(["id", "domain", "challenge", "verified_at", "checked_at", "missing_since", "version"])
    .where("deleted_at", "is", null);
}

async function lockDomain(tx: Tx, id: string) {
  const row = await tx.first(openDomains().where("id", "=", id).forUpdate());
  if (row === undefined) throw ssoProblem.domain_unknown();
  return row;
}

async function isForced(tx: Tx): Promise<boolean> {
  const row = await tx.first(query.selectFrom("kernel.sso_force").select("forced").where("deleted_at", "is", null));
  return row?.forced === true;
}

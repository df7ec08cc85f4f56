import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Kernel } from "../kernel.ts";
import type { LedgerEvent } from "../ledger/leaf.ts";
import { instanceTenantId, type Source } from "../work/credential.ts";
import { Problem } from "../work/problem.ts";
import { admit } from "./membership.ts";
import { notePassword } from "./note.ts";
import { isImportable } from "./password.ts";
import { plainName } from "./plain-name.ts";
import { cleanEmail } from "./person.ts";

/** Somebody from another system, with the hash of their password if it may come along. */
export type ImportedPerson = {
  readonly email: string;
  readonly name: string;
  /** bcrypt ($2a, $2b, $2y) of cost 10 to 12, or Argon2id as made here; without it they choose a password by mail. */
  readonly hash?: string | undefined;
  /** The workspace's name in addresses. */
  readonly workspace: string;
  readonly role: string;
};

export type ImportOutcome =
  | { readonly line: number; readonly email: string; readonly outcome: "added" | "joined" | "known" }
  | { readonly line: number; readonly email: string; readonly outcome: "refused"; readonly reason: string };

/** Which file, as its SHA-256, and who of this machine brought it. */
export type ImportOrigin = { readonly file: string; readonly account: string };

const source: Source = { address: null, requestId: "command-line" };

/**
 * Brings people in, one after the other, each whole or not at all. Somebody whose address has an account keeps their own
 * name and password and joins the workspace; an import overwrites nobody. Owners are not imported. That it began, from which
 * file and by whom, is in the log of the instance and of each workspace before anybody is in (LED-01), and what came of it
 * behind them: an import that was killed shows by its missing end.
 */
export async function importPeople(
  kernel: Kernel,
  people: readonly ImportedPerson[],
  origin: ImportOrigin,
): Promise<ImportOutcome[]> {
  const places = new Map<string, string>();
  for (const slug of new Set(people.map(({ workspace }) => workspace))) {
    const tenantId = await workspaceOf(kernel, slug);
    if (tenantId !== undefined) places.set(slug, tenantId);
  }
  const logs: [tenantId: string, workspace: string | null][] = [[instanceTenantId, null]];
  for (const [slug, tenantId] of places) logs.push([tenantId, slug]);
  const linesIn = (slug: string | null) =>
    people.flatMap(({ workspace }, index) => (slug === null || workspace === slug ? [index + 1] : []));
  for (const [tenantId, slug] of logs)
    await leave(kernel, tenantId, {
      action: "kernel.people.import",
      fields: { ...origin, people: linesIn(slug).length },
    });
  const outcomes: ImportOutcome[] = [];
  for (const [index, person] of people.entries()) {
    const line = index + 1;
    const email = cleanEmail(person.email);
    const reason = email === undefined ? "not an e-mail address" : weakness(person);
    if (email === undefined || reason !== undefined) {
      outcomes.push({ line, email: person.email, outcome: "refused", reason: reason ?? "" });
      continue;
    }
    outcomes.push({ line, ...(await importOne(kernel, { ...person, email }, places.get(person.workspace))) });
  }
  for (const [tenantId, slug] of logs) {
    const lines = new Set(linesIn(slug));
    const own = outcomes.filter(({ line }) => lines.has(line));
    const count = (outcome: ImportOutcome["outcome"]) => own.filter((each) => each.outcome === outcome).length;
    const counts = { added: count("added"), joined: count("joined"), known: count("known"), refused: count("refused") };
    await leave(kernel, tenantId, {
      action: "kernel.people.imported",
      outcome: counts.refused === 0 ? "done" : "failed",
      fields: { file: origin.file, ...counts },
    });
  }
  return outcomes;
}

async function leave(kernel: Kernel, tenantId: string, event: LedgerEvent): Promise<void> {
  const events = [event];
  await kernel.door.once(kernel.system(tenantId, source), "kernel.membership.accept", () => ({
    events,
    statements: [],
  }));
}

function weakness({ name, hash, role }: ImportedPerson): string | undefined {
  if (plainName(name).length === 0 || plainName(name).length > 200) return "a name has 1 to 200 characters";
  if (role !== "admin" && role !== "member") return "the role is admin or member";
  if (hash !== undefined && !isImportable(hash))
    return "the hash is neither bcrypt of cost 10 to 12 nor Argon2id of this product";
  return undefined;
}

async function importOne(
  kernel: Kernel,
  person: ImportedPerson,
  tenantId: string | undefined,
): Promise<{ email: string } & ({ outcome: "added" | "joined" | "known" } | { outcome: "refused"; reason: string })> {
  const { email, name, hash, workspace, role } = person;
  if (tenantId === undefined) return { email, outcome: "refused", reason: `there is no workspace ${workspace}` };
  const { userId, made } = await personOf(kernel, { email, name: plainName(name), hash });
  try {
    await kernel.door.work(kernel.system(tenantId, source), "kernel.membership.accept", (tx) =>
      admit(tx, { userId, name: plainName(name), email, role: role === "admin" ? "admin" : "member" }),
    );
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.code === "identity.already_member") return { email, outcome: "known" };
    if (made) await kernel.identityPool.query(`delete from identity."user" where id = $1`, [userId]);
    return { email, outcome: "refused", reason: error.detail };
  }
  if (made && hash !== undefined) await notePassword(kernel, { userId, reason: "import", source });
  return { email, outcome: made ? "added" : "joined" };
}

async function personOf(
  kernel: Kernel,
  person: { email: string; name: string; hash: string | undefined },
): Promise<{ userId: string; made: boolean }> {
  const userId = uuidv7();
  // The address was proved to the other system, if at all: here it is not confirmed yet.
  const made = await kernel.identityPool.query(
    `with made as (insert into identity."user" (id, name, email) values ($1, $2, $3) on conflict (email) do nothing returning id),
       account as (insert into identity.account (id, user_id, account_id, provider_id, password)
         select $4, id, id::text, 'credential', $5 from made where $5::text is not null)
     select id from made`,
    [userId, person.name, person.email, uuidv7(), person.hash ?? null],
  );
  if (made.rowCount === 1) return { userId, made: true };
  const known = await kernel.identityPool.query<{ id: string }>(`select id from identity."user" where email = $1`, [
    person.email,
  ]);
  const id = known.rows[0]?.id;
  if (id === undefined) throw new Error("A person was there and is not");
  return { userId: id, made: false };
}

async function workspaceOf(kernel: Kernel, slug: string): Promise<string | undefined> {
  const [row] = await kernel.door.callFunction({
    sql: "select kernel.workspace_by_slug($1, $2) as id",
    parameters: [kernel.system(instanceTenantId).token, slug],
  });
  const id: unknown = row?.["id"];
  return typeof id === "string" ? id : undefined;
}

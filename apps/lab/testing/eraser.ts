import { sql } from "kysely";
import { Post } from "@probity/kernel";
import type { TestAnswer, TestCaller, TestPerson } from "@probity/kernel/testing";
import { verifyBundle } from "@probity/verify";
import { nodeProvider } from "@probity/verify/node";
import { query } from "../query.ts";
import type { CertificateWorld } from "./certificate.ts";

/** An owner who erases people, and looks where they are still named. */
export type Eraser = { readonly open: CertificateWorld; readonly owner: TestPerson; readonly by: TestCaller };

/** Where anything of the workspace still holds a word, for its owner; and mails, which are looked into. */
export async function holding({ open, owner }: Eraser, word: string): Promise<string[]> {
  const { kernel } = open.world.server;
  const asked = (text: string) => ({ compile: () => sql<Record<string, unknown>>`${sql.raw(text)}`.compile(query) });
  const found = await kernel.door.work(owner.session, "kernel.person.erase", async (tx) => {
    const tables = await tx.all(
      asked(`select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and n.nspname in ('kernel', 'lab') and has_table_privilege(c.oid, 'select') order by 1`),
    );
    const named: string[] = [];
    for (const { name } of tables) {
      // oxlint-disable-next-line no-await-in-loop -- one table after the other
      const rows = await tx.all(asked(`select 1 from ${String(name)} t where t::text ilike '%${word}%' limit 1`));
      if (rows.length > 0) named.push(String(name));
    }
    return named;
  });
  const mails = await kernel.identityPool.query<{ id: string; sealed: Buffer }>(
    "select id, sealed from identity.mail where sealed is not null",
  );
  const post = new Post(kernel.rootKey.key);
  return mails.rows.some(({ id, sealed }) => JSON.stringify(post.open(id, sealed)).includes(word))
    ? [...found, "identity.mail"]
    : found;
}
/** How the log proves itself now. */
export async function verdict({ open, by }: Eraser): Promise<string> {
  await open.log.publish();
  const { text } = await by("GET", "/api/ledger/export");
  const lines = text.split("\n").slice(0, -1);
  return (await verifyBundle([{ lines, bytes: text.length }], { provider: nodeProvider })).outcome;
}
/** Erases, while the log gives places as in a running server. */
export async function erase({ open, by }: Eraser, path: string): Promise<TestAnswer> {
  await open.log.publish();
  const placing = setInterval(() => void open.world.server.kernel.sequencer.drain().catch(() => undefined), 50);
  return by("POST", path, { body: { basis: "Request of the person" } }).finally(() => clearInterval(placing));
}

import { createHash, randomUUIDv7 as uuidv7 } from "node:crypto";
import fc from "fast-check";
import { sql, type RawBuilder } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestKernel, type TestKernel, type TestPerson } from "../testing/kernel.ts";
import { asDoor } from "../testing/record-suite.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { canonicalText } from "./canonical.ts";
import { commitment, toldLeaf, type ChangeEvent } from "./leaf.ts";
import { merkleRoot } from "./merkle.ts";

let kernel: TestKernel;
let acme: string;
let alice: TestPerson;
let bob: TestPerson;

beforeAll(async () => {
  kernel = await openTestKernel();
  acme = await kernel.foundWorkspace("acme");
  alice = await kernel.addPerson(acme, "admin");
  bob = await kernel.addPerson(acme, "admin");
});
afterAll(() => kernel.close());

const work = <T>(run: (tx: Tx) => Promise<T>) => kernel.door.work(alice.session, "kernel.people.change", run);
const statement = (text: RawBuilder<unknown>) => ({ compile: () => text.compile(query) });
const invite = (id: string) =>
  query
    .insertInto("kernel.invitation")
    .values({
      id,
      email: "b@example.test",
      role: "member",
      secret_hash: createHash("sha256").update(id).digest(),
      expires_at: new Date(Date.now() + 60_000),
    })
    .returning("updated_at");
const ended = (id: string, version: number) =>
  query
    .updateTable("kernel.invitation")
    .set({ expires_at: new Date() })
    .where("id", "=", id)
    .where("version", "=", version)
    .returning("version");
const created = (rowId: string, fields: ChangeEvent["fields"] = {}): ChangeEvent => ({
  action: "kernel.invitation.create",
  record: "kernel.invitation",
  rowId,
  version: 1,
  fields,
});
const tell = (text: string) => statement(sql`select set_config('kernel.leaf', ${text}, true)`);
/** What the table, the inbox, the openings and the history hold of a row or of all. */
const traces = async () =>
  await asDoor(
    { kernel },
    `select (select count(*) from kernel.ledger_inbox) + (select count(*) from kernel.ledger_event) as leaves,
       (select count(*) from kernel.ledger_opening) as openings, (select count(*) from kernel.version_history) as versions`,
  );
const leafOf = async (rowId: string) => {
  const [row] = await asDoor(
    { kernel },
    `select convert_from(l.leaf, 'UTF8') as text, o.openings from
       (select leaf from kernel.ledger_inbox where row_id = $1 union all select leaf from kernel.ledger_event where row_id = $1) l
     left join kernel.ledger_opening o on o.leaf_id = (convert_from(l.leaf, 'UTF8')::json ->> 'id')::uuid`,
    [rowId],
  );
  return { text: String(row?.["text"]), openings: row?.["openings"] };
};

describe("LED-04 the leaf that is told is written with its change", () => {
  test("it is the canonical text of the change, of the row's own time, and its root opens", async () => {
    const id = uuidv7();
    const [row] = await work((tx) => tx.change(created(id, { email: "b@example.test", note: "a\u001fb" }), invite(id)));
    const { text, openings } = await leafOf(id);
    const leaf: Record<string, string> = JSON.parse(text);
    expect(text).toBe(canonicalText(leaf));
    expect(leaf).toMatchObject({
      action: "kernel.invitation.create",
      actor: alice.membershipId,
      at: row?.updated_at.toISOString(),
      outcome: "done",
      record: "kernel.invitation",
      row: id,
      tenant: acme,
      v: "1",
      version: "1",
    });
    const given: Record<string, { salt: string; value: string }> = JSON.parse(JSON.stringify(openings));
    const hashes = Object.entries(given)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { salt, value }]) => commitment(Buffer.from(salt, "base64url"), name, value));
    expect(merkleRoot(hashes).toString("hex")).toBe(leaf["root"]);
    expect(given["note"]?.value).toBe(canonicalText("a\u001fb"));
  });

  test("whatever letters its words are of", async () => {
    const word = fc
      .string({ unit: "binary", minLength: 1, maxLength: 40 })
      .filter((text) => !text.includes("\0") && !text.includes("\u001f") && text.isWellFormed());
    await fc.assert(
      fc.asyncProperty(word, word, async (action, requestId) => {
        const id = uuidv7();
        const session = { ...alice.session, source: { ...alice.session.source, requestId } };
        await kernel.door.work(session, "kernel.people.change", (tx) =>
          tx.change({ ...created(id), action }, invite(id)),
        );
        const { text } = await leafOf(id);
        const leaf: Record<string, string> = JSON.parse(text);
        expect(text).toBe(canonicalText(leaf));
        expect([leaf["action"], leaf["request"]]).toEqual([action, requestId]);
      }),
      { numRuns: 25 },
    );
  });

  test("of another row, version or record it does not do, and nothing is kept", async () => {
    const before = await traces();
    const [one, two] = [uuidv7(), uuidv7()];
    for (const event of [created(two), { ...created(one), version: 2 }, { ...created(one), record: "kernel.api_key" }])
      await expect(work((tx) => tx.change(event, invite(one)))).rejects.toMatchObject({ code: "PB004" });
    expect(await traces()).toEqual(before);
  });

  test("nothing that changes leaves none", async () => {
    const id = uuidv7();
    await work((tx) => tx.change(created(id), invite(id)));
    const before = await traces();
    const stale: ChangeEvent = { ...created(id, { email: "c@example.test" }), version: 8 };
    // Who looks says it in words of their own; who doesn't may not believe that it was made, whatever else was.
    await expect(
      work(async (tx) => {
        expect(await tx.change(stale, ended(id, 7))).toEqual([]);
        throw new Error("seen");
      }),
    ).rejects.toThrow("seen");
    for (const change of [ended(id, 7), ended(id, 7).clearReturning()])
      await expect(
        work(async (tx) => {
          await tx.change(stale, change);
          await tx.change({ ...created(id), version: 2 }, ended(id, 1));
        }),
      ).rejects.toMatchObject({ status: 412, code: "kernel.stale" });
    expect(await traces()).toEqual(before);
  });

  test("it is good for one change, in its own transaction", async () => {
    const id = uuidv7();
    await expect(
      work(async (tx) => {
        await tx.change(created(id), invite(id));
        await tx.all(ended(id, 1));
      }),
    ).rejects.toMatchObject({ code: "PB004" });
    await work((tx) => tx.change(created(id), invite(id)));
    await work((tx) => tx.all(tell(toldLeaf(tx.who, tx.credential.source, { ...created(id), version: 2 }))));
    await expect(work((tx) => tx.all(ended(id, 1)))).rejects.toMatchObject({ code: "PB004" });
  });

  test("in another's name or for another workspace it is refused", async () => {
    const before = await traces();
    const id = uuidv7();
    for (const who of [
      { tenantId: acme, actorId: bob.membershipId },
      { tenantId: uuidv7(), actorId: alice.membershipId },
    ])
      await expect(
        work(async (tx) => {
          await tx.all(tell(toldLeaf(who, tx.credential.source, created(id))));
          await tx.all(invite(id));
        }),
      ).rejects.toMatchObject({ code: "PB003" });
    expect(await traces()).toEqual(before);
  });

  test("out of shape or too long it is refused with the change", async () => {
    const before = await traces();
    const id = uuidv7();
    const parts = (tx: Tx) => toldLeaf(tx.who, tx.credential.source, created(id)).split("\u001f");
    const spoilt: ((tx: Tx) => string[])[] = [
      (tx) => parts(tx).slice(0, 9),
      (tx) => [...parts(tx), "more"],
      (tx) => parts(tx).with(6, "no id"),
      (tx) => parts(tx).with(5, "x".repeat(1000)),
      (tx) => parts(tx).with(9, "no openings"),
      (tx) => parts(tx).slice(0, 5),
    ];
    for (const spoil of spoilt)
      await expect(
        work(async (tx) => {
          await tx.all(tell(spoil(tx).join("\u001f")));
          await tx.all(invite(id));
        }),
      ).rejects.toMatchObject({ code: expect.stringMatching(/^(PB003|22P02|23514)$/) });
    await expect(work((tx) => tx.change({ ...created(id), action: "a\u001fb" }, invite(id)))).rejects.toThrow(
      /the mark between/,
    );
    expect(await traces()).toEqual(before);
  });

  test("the application says of no leaf of its own that it came with its change", async () => {
    const id = uuidv7();
    await expect(
      work((tx) =>
        tx.all(
          statement(sql`insert into kernel.ledger_inbox (tenant_id, leaf, action, record, row_id, version, with_change)
            values (${acme}, 'x', 'a', 'kernel.invitation', ${id}, 1, true)`),
        ),
      ),
    ).rejects.toMatchObject({ code: "42501" });
  });
});

test("TEN-01 a workspace stays, under its id, whoever asks", async () => {
  for (const text of [
    "delete from kernel.workspace",
    "truncate kernel.workspace cascade",
    "update kernel.workspace set id = gen_random_uuid()",
  ])
    await expect(asDoor({ kernel }, text)).rejects.toMatchObject({ code: "PB409" });
});

import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestServer, type TestServer } from "../testing/server.ts";
import { makeSigner, signAs, type TestSigner } from "../testing/signing.ts";
import type { TestPerson } from "../testing/kernel.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { reviewHome } from "./home.ts";
import { decide, listReviews, openReview, reviewItems } from "./review.ts";

let server: TestServer;
let owner: TestPerson;
let admin: TestSigner;
let member: TestPerson;
let id: string;
let one: string;
const wanted = {
  step: "conclude",
  meaning: "Reviewed: everybody and every key keeps what they need, as decided here",
  version: 2,
};
const by = <T>(person: TestPerson, run: (tx: Tx) => Promise<T>, permission = "kernel.people.change") =>
  server.kernel.door.work(person.session, permission, run);
const leafOf = (record: string, rowId: string, version: number) => ({ action: "test", record, rowId, version });

beforeAll(async () => {
  server = await openTestServer([]);
  const acme = await server.kernel.foundWorkspace("acme");
  owner = await server.member(acme, "owner");
  admin = await makeSigner(server, await server.member(acme, "admin"), owner);
  member = await server.member(acme, "member");
  id = await by(owner, openReview);
  one = `/api/reviews/${id}`;
});
afterAll(() => server.close());

/** Decides on every entry that waits, each by somebody else. */
async function finish(): Promise<void> {
  for (const item of await by(owner, (tx) => reviewItems(tx, id))) {
    if (item.decision !== null) continue;
    await by(item.memberId === owner.membershipId ? admin : owner, (tx) => decide(tx, item.id, "confirmed", null));
  }
}

test("ACC-03 an unfinished review is signed by nobody, a member signs none, and no lock comes without a signature", async () => {
  expect(await signAs(admin, one, { ...wanted, version: 1 })).toMatchObject({
    status: 409,
    body: { code: "review.unfinished" },
  });
  await finish();
  expect((await by(admin, (tx) => reviewHome(tx, "acme"))).map(({ verb }) => verb)).toEqual(["Sign"]);
  expect((await server.as(member)("GET", `${one}/signing`)).status).toBe(403);
  const key = await server.withKey(owner, ["kernel.review.read", "kernel.review.sign"]);
  const { meaning, step } = wanted;
  expect(await key("POST", `${one}/signing/challenge`, { version: 2, body: { meaning, step } })).toMatchObject({
    status: 403,
    body: { code: "signing.person_only" },
  });
  const lock = (permission: string) =>
    by(
      owner,
      async (tx) => {
        await tx.record(leafOf("kernel.access_review", id, 3));
        await tx.all(query.updateTable("kernel.access_review").set({ locked_at: new Date() }).where("id", "=", id));
      },
      permission,
    );
  for (const permission of ["kernel.people.change", "kernel.review.sign"])
    await expect(lock(permission)).rejects.toMatchObject({ code: "kernel.permission_missing" });
});

test("ACC-03 SIG-01 the finished review is signed once; the signature names every entry, and nothing of it changes again", async () => {
  const made = await signAs(admin, one, wanted);
  expect(made).toMatchObject({ status: 201, body: { version: 3 } });
  const view = await admin.by("GET", `${one}/signing`);
  expect(view.body).toMatchObject({ title: "Access review 1", state: "signed", locked: true, unchanged: true });
  const [review] = await by(owner, listReviews);
  expect(review?.signedAt).not.toBeNull();
  expect(await by(admin, (tx) => reviewHome(tx, "acme"))).toEqual([]);

  // What was signed: every entry with its decision, people by their membership.
  const { body } = await admin.by("GET", `${one}/signatures/${String(made.body["id"])}`);
  const signed = JSON.stringify(body["signed"]);
  for (const who of [owner, admin, member]) expect(signed).toContain(who.membershipId);

  const [item] = await by(owner, (tx) => reviewItems(tx, id));
  const rewrite = async (tx: Tx) => {
    await tx.record(leafOf("kernel.access_review_item", item?.id ?? "", 3));
    await tx.all(
      query
        .updateTable("kernel.access_review_item")
        .set({ name: "Somebody else" })
        .where("id", "=", item?.id ?? ""),
    );
  };
  await expect(by(owner, rewrite)).rejects.toMatchObject({ code: "kernel.permission_missing" });
  const reopen = async (tx: Tx) => {
    await tx.record(leafOf("kernel.access_review", id, 4));
    await tx.all(query.updateTable("kernel.access_review").set({ locked_at: null }).where("id", "=", id));
  };
  await expect(by(owner, reopen, "kernel.review.sign")).rejects.toMatchObject({
    code: "kernel.locked",
  });
});

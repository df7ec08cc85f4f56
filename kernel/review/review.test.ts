import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { issueKey } from "../identity/api-key.ts";
import { removeMember } from "../identity/people.ts";
import { changePolicy } from "../policy/store.ts";
import { openTestKernel, type TestKernel, type TestPerson } from "../testing/kernel.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { decide, listReviews, openReview, reviewItems } from "./review.ts";
import { openDueReviews } from "./round.ts";

let kernel: TestKernel;
let acme: string;
let owner: TestPerson;
let boss: TestPerson;
let member: TestPerson;
const change = "kernel.people.change";
const day = 86_400_000;
const by = <T>(person: TestPerson, run: (tx: Tx) => Promise<T>, permission = change) =>
  kernel.door.work(person.session, permission, run);
const itemOf = async (reviewId: string, subjectId: string) => {
  const item = (await by(owner, (tx) => reviewItems(tx, reviewId))).find((each) => each.subjectId === subjectId);
  if (item === undefined) throw new Error("no such entry");
  return item;
};

beforeAll(async () => {
  kernel = await openTestKernel();
});
beforeEach(async () => {
  acme = await kernel.foundWorkspace(`acme-${uuidv7()}`);
  owner = await kernel.addPerson(acme, "owner");
  boss = await kernel.addPerson(acme, "admin");
  member = await kernel.addPerson(acme, "member");
});
afterAll(() => kernel.close());

test("ACC-03 a review opens by itself when its time has come, once, with every member and key and a reviewer who is somebody else", async () => {
  const key = await by(
    boss,
    (tx) =>
      issueKey(tx, {
        membershipId: boss.membershipId,
        name: "robot",
        permissions: ["kernel.home.read"],
        expiresAt: new Date(Date.now() + day),
      }),
    "kernel.key.change",
  );
  await by(owner, (tx) => changePolicy(tx, "review.everyDays", 30, 0, "monthly"), "kernel.policy.change");
  expect(await openDueReviews(kernel, new Date(Date.now() + 29 * day))).toBe(0);
  expect(await openDueReviews(kernel, new Date(Date.now() + 31 * day))).toBeGreaterThan(0);
  await openDueReviews(kernel, new Date(Date.now() + 32 * day));
  const reviews = await by(owner, listReviews);
  expect(reviews.map(({ number, items, decided, overdue }) => ({ number, items, decided, overdue }))).toEqual([
    { number: 1, items: 4, decided: 0, overdue: false },
  ]);
  const items = await by(owner, (tx) => reviewItems(tx, reviews[0]?.id ?? ""));
  expect(items.map((item) => item.subjectId).toSorted()).toEqual(
    [owner.membershipId, boss.membershipId, member.membershipId, key.id].toSorted(),
  );
  for (const item of items) expect(item.reviewer?.id).not.toBe(item.memberId);
  // The only owner is judged by an admin, who can confirm and not remove them.
  expect(items.find((item) => item.subjectId === owner.membershipId)?.reviewer?.id).toBe(boss.membershipId);
});

test("ACC-03 whom nobody else can judge is counted as not reviewed, and nothing pretends otherwise", async () => {
  await by(owner, (tx) => removeMember(tx, boss.membershipId));
  const id = await by(owner, openReview);
  expect((await itemOf(id, owner.membershipId)).reviewer).toBeNull();
  const last = await by(owner, async (tx) => decide(tx, (await itemOf(id, member.membershipId)).id, "confirmed", null));
  expect(last).toEqual({ closed: true });
  expect((await by(owner, listReviews))[0]).toMatchObject({ outcome: { confirmed: 1, removed: 0, unreviewed: 1 } });
});

test("ACC-03 nobody decides on themselves, by the page or by SQL; a decision stays as it was made", async () => {
  const id = await by(owner, openReview);
  const own = await itemOf(id, boss.membershipId);
  await expect(by(boss, (tx) => decide(tx, own.id, "confirmed", null))).rejects.toMatchObject({
    code: "review.own_access",
  });
  const bySql = (who: TestPerson, itemId: string, decidedBy: string) =>
    by(who, async (tx) => {
      const row = await tx.first(
        query.selectFrom("kernel.access_review_item").select("version").where("id", "=", itemId),
      );
      await tx.record({
        action: "test",
        record: "kernel.access_review_item",
        rowId: itemId,
        version: (row?.version ?? 0) + 1,
      });
      await tx.all(
        query
          .updateTable("kernel.access_review_item")
          .set({ decision: "confirmed", decided_by: decidedBy, decided_at: new Date() })
          .where("id", "=", itemId),
      );
    });
  await expect(bySql(boss, own.id, boss.membershipId)).rejects.toThrow();
  await expect(bySql(boss, own.id, owner.membershipId)).rejects.toMatchObject({ code: "kernel.permission_missing" });
  const other = await itemOf(id, member.membershipId);
  await by(boss, (tx) => decide(tx, other.id, "confirmed", null));
  await expect(by(owner, (tx) => decide(tx, other.id, "removed", null))).rejects.toMatchObject({
    code: "review.decided_already",
  });
  await expect(bySql(owner, other.id, owner.membershipId)).rejects.toMatchObject({ code: "kernel.permission_missing" });
});

test("ACC-03 who is not confirmed is out at once; the last decision closes the review as a record with its leaf", async () => {
  const second = await kernel.addPerson(acme, "owner");
  const id = await by(owner, openReview);
  await by(owner, async (tx) => decide(tx, (await itemOf(id, member.membershipId)).id, "removed", "left the project"));
  await expect(by(member, async () => undefined, "kernel.home.read")).rejects.toMatchObject({ status: 401 });
  await by(owner, async (tx) => decide(tx, (await itemOf(id, boss.membershipId)).id, "confirmed", null));
  await by(owner, async (tx) => decide(tx, (await itemOf(id, second.membershipId)).id, "confirmed", null));
  const last = await by(second, async (tx) => decide(tx, (await itemOf(id, owner.membershipId)).id, "confirmed", null));
  expect(last).toEqual({ closed: true });
  const [closed] = await by(owner, listReviews);
  expect(closed).toMatchObject({
    outcome: { confirmed: 3, removed: 1, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
  await expect(
    by(owner, (tx) => tx.all(query.updateTable("kernel.access_review").set({ outcome: "{}" }).where("id", "=", id))),
  ).rejects.toThrow();
});

test("ACC-03 where there is one person alone no review is opened that nobody could finish", async () => {
  await by(owner, (tx) => removeMember(tx, boss.membershipId));
  await by(owner, (tx) => removeMember(tx, member.membershipId));
  await expect(by(owner, openReview)).rejects.toMatchObject({ code: "review.alone" });
});

test("ACC-03 an open review past its date is overdue", async () => {
  await by(owner, (tx) => changePolicy(tx, "review.dueDays", 1, 0, "quickly"), "kernel.policy.change");
  const id = await by(owner, openReview);
  await by(owner, async (tx) => {
    await tx.record({ action: "test", record: "kernel.access_review", rowId: id, version: 2 });
    await tx.all(
      query
        .updateTable("kernel.access_review")
        .set({ due_at: new Date(Date.now() - 1_000) })
        .where("id", "=", id),
    );
  });
  expect((await by(owner, listReviews))[0]?.overdue).toBe(true);
});

test("ACC-03 a review of more entries than one statement takes opens whole", async () => {
  const id = await by(owner, (tx) => openReview(tx, 2));
  const [review] = await by(owner, listReviews);
  expect([review?.id, review?.items]).toEqual([id, 3]);
  expect((await by(owner, (tx) => reviewItems(tx, id))).map((item) => item.subjectId).toSorted()).toEqual(
    [owner.membershipId, boss.membershipId, member.membershipId].toSorted(),
  );
});

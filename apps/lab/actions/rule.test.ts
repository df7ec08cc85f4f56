import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Tx } from "@probity/kernel";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { broughtIn } from "../testing/brought-in-attack.ts";
import { certificates, reviewed, set, type Attack } from "../testing/rule-attack.ts";
import { closeRules, inspector, known, open, openRules, refused, run } from "../testing/rule.ts";

const review = "lab.trail_review";
const reviews: readonly Attack[] = [
  {
    of: "a review opened by who concludes",
    may: "lab.review.conclude",
    record: review,
    text: reviewed({}),
    refuses: /begins open, with its period/,
  },
  {
    of: "a review that begins concluded",
    may: "lab.review.change",
    record: review,
    text: reviewed({ locked_at: "now()" }),
    refuses: /begins open, with its period/,
  },
  {
    of: "a period that ends before it begins",
    may: "lab.review.change",
    record: review,
    text: reviewed({ to_at: "from_at" }),
    refuses: /begins open, with its period/,
  },
  {
    of: "another period",
    may: "lab.review.change",
    record: review,
    id: () => known.review,
    text: set(review, "to_at = from_at + interval '1 hour'"),
    refuses: /keeps what it is of/,
  },
  {
    of: "other hours",
    may: "lab.review.change",
    record: review,
    id: () => known.review,
    text: set(review, "hours = '00-23'"),
    refuses: /keeps what it is of/,
  },
  {
    of: "a conclusion by who opens",
    by: () => inspector,
    may: "lab.review.change",
    record: review,
    id: () => known.review,
    text: set(review, "locked_at = now()"),
    refuses: /by who may/,
  },
  {
    of: "a conclusion without a signature",
    by: () => inspector,
    may: "lab.review.conclude",
    record: review,
    id: () => known.review,
    text: set(review, "locked_at = now()"),
    refuses: /by a signature/,
  },
  {
    of: "a mark written over",
    may: "lab.review.change",
    record: "lab.trail_mark",
    id: () => known.mark,
    text: set("lab.trail_mark", "note = 'x'"),
    refuses: /locked/,
  },
  {
    of: "a mark on a review that is concluded",
    may: "lab.review.change",
    record: "lab.trail_mark",
    text: (id) =>
      `insert into lab.trail_mark (tenant_id, id, review_id, record, row_id, row_version, marker) select tenant_id, '${id}', '${known.concluded}', record, '${id}', 1, 'x' from lab.trail_mark where id = '${known.concludedMark}'`,
    refuses: /locked/,
  },
];
const laid =
  (sample: () => string, more: Readonly<Record<string, string>> = {}) =>
  (id: string) => {
    const all = { tenant_id: "tenant_id", id: `'${id}'`, sample_id: "id", sealed: "'x'", ...more };
    return `insert into lab.blind (${Object.keys(all).join(", ")}) select ${Object.values(all).join(", ")} from lab.sample where id = '${sample()}'`;
  };
/** The blind is opened with its reason first, as the act does; then the sample says what it is, and something else. */
const opening = (more: string) => (id: string) => async (tx: Tx) => {
  await tx.record({ action: "lab.blind.test", record: "lab.blind", rowId: known.blind, version: 2 });
  await run(tx, set("lab.blind", "reason = 'x', opened_name = 'x'")(known.blind));
  return set("lab.sample", `${more}blinded = false, product_id = '${open.world.product}'`)(id);
};
const blinds: readonly Attack[] = [
  {
    of: "a blind over a sample that was seen",
    may: "lab.sample.register",
    record: "lab.blind",
    text: laid(() => known.raw),
    refuses: /laid over a blinded sample/,
  },
  {
    of: "what it covers",
    may: "lab.sample.unblind",
    record: "lab.blind",
    id: () => known.blind,
    text: set("lab.blind", "sealed = 'x'"),
    refuses: /keeps what it covered/,
  },
  {
    of: "a time of its opening without a reason",
    may: "lab.sample.unblind",
    record: "lab.blind",
    id: () => known.blind,
    text: set("lab.blind", "opened_at = now()"),
    refuses: /keeps what it covered/,
  },
  {
    of: "a blind opened by who enters",
    may: "lab.result.enter",
    record: "lab.blind",
    id: () => known.blind,
    text: set("lab.blind", "reason = 'x', opened_name = 'x'"),
    refuses: /opened by who may/,
  },
  {
    of: "a sample blinded after it was registered",
    may: "lab.sample.register",
    record: "lab.sample",
    // It says nothing of itself, so that nothing else refuses it.
    text: (id) => async (tx) => {
      await run(
        tx,
        `insert into lab.sample (tenant_id, id, series, sequence, number, product_id, priority, state, find)
          select tenant_id, '${id}', 'X', 1, 'X-1', product_id, 'routine', 'registered', 'x-1' from lab.sample where id = '${known.blinded}'`,
      );
      await tx.record({ action: "lab.sample.test", record: "lab.sample", rowId: id, version: 2 });
      return set("lab.sample", "blinded = true")(id);
    },
    refuses: /when it is registered/,
  },
  {
    of: "a lot on a blinded sample",
    may: "lab.sample.register",
    record: "lab.sample",
    id: () => known.blinded,
    text: set("lab.sample", "lot = 'L'"),
    refuses: /says what it is/,
  },
  {
    of: "a blinded sample that is told of",
    may: "lab.sample.publish",
    record: "lab.sample",
    id: () => known.verifiedBlind,
    text: set("lab.sample", "state = 'published'"),
    refuses: /told of when it is not/,
  },
  {
    of: "a sample unblinded without its reason",
    may: "lab.sample.unblind",
    record: "lab.sample",
    id: () => known.blinded,
    text: (id) => set("lab.sample", `blinded = false, product_id = '${open.world.product}'`)(id),
    refuses: /unblinding says why/,
  },
  {
    of: "a sample revealed before it is verified",
    may: "lab.sample.reveal",
    record: "lab.sample",
    id: () => known.blinded,
    text: opening(""),
    refuses: /by who may, and nothing else/,
  },
  {
    of: "another place with the unblinding",
    may: "lab.sample.unblind",
    record: "lab.sample",
    id: () => known.blinded,
    text: opening("place = 'x', "),
    refuses: /by who may, and nothing else/,
  },
];

beforeAll(openRules, 120_000);
afterAll(closeRules);

describe.each([
  ["certificates and their deliveries", certificates],
  ["reviews of the audit trail", reviews],
  ["blinds", blinds],
  ["what is brought in", broughtIn],
])("LAB past every route the database keeps the rules of %s", (_, attacks) => {
  test.each(attacks)("$of", async (attack) => {
    const id = attack.id?.() ?? uuidv7();
    const by = attack.by?.() ?? open.world.admin;
    expect(await refused(by, attack.may, attack.record, id, attack.text(id))).toMatch(attack.refuses);
  });
});

describe("LAB what was brought in says so for ever, and what is made here never does", () => {
  const read = (text: string) =>
    open.world.server.kernel.door.work(open.world.admin.session, "lab.sample.read", (tx) => run(tx, text));

  test("a draft and an unlock that claim to be of elsewhere and of last year are of here and of now", async () => {
    const draft = uuidv7();
    const text = `insert into lab.certificate (tenant_id, id, series, sequence, number, sample_id, publication_id, template_id, content, brought_in, stated_at)
      select c.tenant_id, '${draft}', 'Y', 1, 'Y-1', p.sample_id, p.id, c.template_id,
        c.content || jsonb_build_object('number', 'Y-1', 'evaluations', p.evaluations), true, now() - interval '1 year'
      from lab.certificate c, lab.publication p where c.id = '${known.draft}' and p.sample_id = '${known.free}'`;
    expect(await refused(open.world.admin, "lab.certificate.prepare", "lab.certificate", draft, text)).toBe("done");
    expect(await read(`select brought_in, stated_at from lab.certificate where id = '${draft}'`)).toEqual([
      { brought_in: false, stated_at: null },
    ]);
  });

  test("the mark of a publication that was brought in does not come off, nor does its time change", async () => {
    const [before] = await read(
      `select id, brought_in, stated_at from lab.publication where sample_id = '${known.brought}'`,
    );
    const id = String(before?.["id"]);
    for (const [permission, values] of [
      ["lab.history.load", "brought_in = false, stated_at = now()"],
      ["lab.sample.publish", "brought_in = false, stated_at = null"],
    ] as const)
      // oxlint-disable-next-line no-await-in-loop -- two
      await refused(open.world.admin, permission, "lab.publication", id, set("lab.publication", values)(id));
    expect(before?.["brought_in"]).toBe(true);
    expect(await read(`select id, brought_in, stated_at from lab.publication where id = '${id}'`)).toEqual([before]);
  });
});

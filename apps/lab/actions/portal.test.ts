import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { appRoutes, reconcileAsOwner } from "@probity/kernel";
import { asDoor, takeUp, type TestCaller } from "@probity/kernel/testing";
import { testSealer } from "@probity/seal/testing";
import { lab } from "../app.ts";
import { query } from "../query.ts";
import {
  bytesOf,
  customerOf,
  issued,
  must,
  openCertificates,
  prepared,
  published,
  type CertificateWorld,
  type Customer,
} from "../testing/certificate.ts";
import { erase, holding, verdict, type Eraser } from "../testing/eraser.ts";
import { entered, received } from "../testing/world.ts";

const read = "lab.portal.read";
const base = "/api/lab/portal";
let open: CertificateWorld;
let [one, other]: [Customer, Customer] = [nobody(), nobody()];
/** Of each: published with a certificate, published with a draft, in the laboratory. */
let own: Record<"certified" | "drafted" | "waiting" | "certificate" | "draft", string>;
let theirs: typeof own;

beforeAll(async () => {
  open = await openCertificates(testSealer());
  [one, other] = [await customerOf(open, "ALPHA"), await customerOf(open, "BETA")];
  const make = async ({ id }: Customer) => {
    const [certified, drafted] = [
      await published(open, { customerId: id, original: "8.2", ph: "6.2" }),
      await published(open, { customerId: id }),
    ];
    const [waiting = ""] = await received(open.world, 1, { customerId: id, lot: "LOT-W" });
    await entered(open.world, waiting, "9.7");
    const certificate = (await issued(open, certified)).id;
    return { certified, drafted, waiting, certificate, draft: (await prepared(open, drafted)).id };
  };
  own = await make(one);
  theirs = await make(other);
  await published(open);
}, 180_000);
afterAll(async () => {
  await open?.log.close();
  await open?.world.server.close();
});

function nobody(): Customer {
  return {
    id: "",
    contactId: "",
    person: {
      userId: "",
      membershipId: "",
      session: { kind: "session", token: "", source: { address: null, requestId: "" } },
    },
    by: async () => {
      throw new Error("not open yet");
    },
  };
}

type Line = { id: string; number: string; verdict: string; certificateId: string | null };
async function list(
  customer: Customer,
  search = "",
): Promise<{ items: Line[]; waiting: Record<string, unknown>[]; customer: string }> {
  return JSON.parse((await must(customer.by("GET", `${base}/samples${search}`))).text);
}

/** One statement in a confined transaction of this customer. */
async function confined(customer: Customer, statement: string): Promise<Record<string, unknown>[]> {
  const asked = sql<Record<string, unknown>>`${sql.raw(statement)}`;
  return open.world.server.kernel.door.work(customer.person.session, read, (tx) =>
    tx.all({ compile: () => asked.compile(query) }),
  );
}

describe("LAB a customer sees their own, published, and nothing else", () => {
  test("their published samples, what was told of them, and the certificate to download", async () => {
    const shown = await list(one);
    expect(shown.customer).toBe("Customer ALPHA");
    expect(shown.items.map((each) => each.id).toSorted()).toEqual([own.certified, own.drafted].toSorted());
    const sample = (await must(one.by("GET", `${base}/samples/${own.certified}`))).body;
    expect(sample).toMatchObject({
      reopened: false,
      told: [{ evaluations: [{ verdict: "in" }] }],
      certificates: [{ id: own.certificate, standing: "current", ready: true }],
    });
    const file = await bytesOf(open, one.person, `${base}/certificates/${own.certificate}/pdf`);
    const staff = await bytesOf(open, open.world.reader, `/api/lab/certificates/${own.certificate}/pdf`);
    expect([file.status, file.bytes.equals(staff.bytes)]).toEqual([200, true]);
    await open.log.publish();
    const events = await asDoor(
      open.world.server,
      "select actor_id from kernel.ledger_event where action = 'lab.certificate.open' and row_id = $1 and actor_id = $2",
      [own.certificate, one.person.membershipId],
    );
    expect(events).toHaveLength(1);
  });

  test("of what is still in the laboratory they learn how far it is: no value, no verdict, no row", async () => {
    const { waiting, items } = await list(one);
    expect(waiting).toEqual([expect.objectContaining({ lot: "LOT-W", stage: "in-laboratory" })]);
    expect(Object.keys(waiting[0] ?? {}).toSorted()).toEqual(["lot", "number", "product", "receivedAt", "stage"]);
    expect(items.some((each) => each.id === own.waiting)).toBe(false);
    expect((await one.by("GET", `${base}/samples/${own.waiting}`)).status).toBe(404);
    expect(await confined(one, `select id from lab.sample where id = '${own.waiting}'`)).toEqual([]);
    // A draft is no certificate yet.
    const drafted = (await must(one.by("GET", `${base}/samples/${own.drafted}`))).body;
    expect(drafted["certificates"]).toEqual([]);
    expect((await one.by("GET", `${base}/certificates/${own.draft}/pdf`)).status).toBe(404);
  });

  test("another customer's sample comes by no id, search, export or file", async () => {
    const [numbers] = [(await list(other)).items.map((each) => each.number)];
    expect(numbers).toHaveLength(2);
    for (const id of [theirs.certified, theirs.drafted, theirs.waiting, uuidv7()])
      expect((await one.by("GET", `${base}/samples/${id}`)).status).toBe(404);
    for (const format of ["pdf", "json"])
      for (const id of [theirs.certificate, theirs.draft, uuidv7()])
        expect((await one.by("GET", `${base}/certificates/${id}/${format}`)).status).toBe(404);
    for (const number of numbers)
      expect((await list(one, `?q=${number}`)).items.map((each) => each.number)).not.toContain(number);
    const csv = (await must(one.by("GET", `${base}/samples?format=csv`))).text;
    expect(csv.trim().split("\n")).toHaveLength(3);
    for (const number of numbers) expect(csv).not.toContain(number);
  });

  test("every other route of the laboratory and of the workspace refuses them", async () => {
    const refused: string[] = [];
    for (const route of appRoutes(open.world.server.kernel, lab())) {
      if (route.path.startsWith(base) || route.path.includes("{token}")) continue;
      const path = route.path.replaceAll(/\{[^}]+\}/g, own.certified);
      // oxlint-disable-next-line no-await-in-loop -- one route after the other
      const answer = await one.by(route.method, path, { version: 1, ...(route.method === "GET" ? {} : { body: {} }) });
      if (answer.status < 400) refused.push(`${route.method} ${route.path} answered ${answer.status}`);
      if (route.method === "GET" && answer.status !== 403 && answer.status !== 400)
        refused.push(`${route.method} ${route.path} answered ${answer.status}`);
    }
    for (const path of [
      "/api/policy",
      "/api/ledger/events",
      "/api/ledger/export",
      "/api/jobs",
      "/api/access",
      "/api/roles",
      "/api/keys",
    ])
      if ((await one.by("GET", path)).status !== 403) refused.push(path);
    expect(refused).toEqual([]);
    await expect(
      open.world.server.kernel.door.work(one.person.session, "lab.sample.read", async () => undefined),
    ).rejects.toMatchObject({ code: "kernel.permission_missing" });
  }, 120_000);

  test("past every route the database shows them their rows alone, of every table there is, and lets them write none", async () => {
    const tables = await confined(
      one,
      `select format('%I.%I', n.nspname, c.relname) as name, exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id') as owned
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'v', 'p') and n.nspname in ('kernel', 'lab') and has_table_privilege(c.oid, 'select')`,
    );
    expect(tables.length).toBeGreaterThan(60);
    const seen: Record<string, number> = {};
    for (const { name, owned } of tables) {
      if (owned !== true) continue;
      // oxlint-disable-next-line no-await-in-loop -- one table after the other
      const [row] = await confined(one, `select count(*)::integer as n from ${String(name)}`);
      if (Number(row?.["n"]) > 0) seen[String(name)] = Number(row?.["n"]);
    }
    expect(seen).toEqual({
      "kernel.blob": 2,
      // Wrapped under the root key, which is not in the database.
      "kernel.tenant_key": 2,
      "lab.certificate": 1,
      "lab.certificate_file": 2,
      "lab.contact": 1,
      "lab.customer": 1,
      "lab.product": 1,
      "lab.publication": 2,
      "lab.sample": 2,
    });
    for (const table of ["kernel.workspace", "kernel.version_history", "kernel.membership", "kernel.ledger_event"])
      expect(await confined(one, `select 1 from ${table}`)).toEqual([]);
    const samples = await confined(one, "select customer_id from lab.sample");
    expect(samples.every((row) => row["customer_id"] === one.id)).toBe(true);
    const set = (id: string) => confined(one, `update lab.sample set lot = 'X' where id = '${id}' returning id`);
    await expect(set(own.certified)).rejects.toThrow();
    expect(await set(theirs.certified)).toEqual([]);
    await expect(
      confined(
        one,
        `insert into lab.contact (tenant_id, id, customer_id, name, email) values ('${open.world.workspace}', '${uuidv7()}', '${other.id}', 'n', 'e@x')`,
      ),
    ).rejects.toThrow();
    // A binding of their own making opens nothing either.
    await expect(
      confined(
        one,
        "select set_config('kernel.binding', replace(current_setting('kernel.binding'), '.portal.', '.sample.'), true), (select count(*) from lab.sample)",
      ),
    ).rejects.toThrow(/proof|binding/);
  });

  test("no function that a statement may call answers about the workspace, its people, keys or log", async () => {
    const functions = await confined(
      one,
      `select format('%I.%I', n.nspname, p.proname) as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
       where n.nspname in ('kernel', 'lab') and p.prokind = 'f' and p.pronargs = p.pronargdefaults
         and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype, 'void'::regtype) and has_function_privilege(p.oid, 'execute') order by 1`,
    );
    expect(functions.length).toBeGreaterThan(20);
    const answered: string[] = [];
    for (const { name } of functions) {
      // oxlint-disable-next-line no-await-in-loop -- one function after the other
      const rows = await confined(one, `select to_jsonb(f)::text as said from ${String(name)}() f`).catch(() => []);
      if (rows.some((row) => row["said"] !== null && !["[]", "false", "0", "{}"].includes(String(row["said"]))))
        answered.push(String(name));
    }
    // What is theirs, what is the same for everybody, and names of tables with nothing counted in them.
    expect(answered.filter((name) => !/^lab\.portal_|^kernel\.portal_/.test(name))).toEqual([
      "kernel.actor",
      "kernel.audience_open",
      "kernel.bound_permission",
      "kernel.checked_binding",
      "kernel.claimed_permission",
      "kernel.confined",
      "kernel.declared_roles",
      "kernel.instance_is_set_up",
      "kernel.keep_platform_checkpoint",
      "kernel.ledger_condition",
      "kernel.ledger_lag",
      "kernel.log_identity",
      "kernel.mine",
      "kernel.only_workspace",
      "kernel.reconcile_rows",
      "kernel.reconciliation_state",
    ]);
    const counted = await confined(
      one,
      "select sum(seen)::integer as n from kernel.reconcile_rows() where record not like 'lab.%'",
    );
    expect(counted).toEqual([{ n: 0 }]);
  });

  test("a contact moves to no other customer; taken off, they see nothing from then on", async () => {
    const { admin } = open.world.as;
    const late = await customerOf(open, "GAMMA");
    const sample = await published(open, { customerId: late.id });
    expect((await list(late)).items).toHaveLength(1);
    const move = sql`update lab.contact set customer_id = ${other.id} where id = ${late.contactId}`;
    await expect(
      open.world.server.kernel.door.work(open.world.admin.session, "lab.customer.change", async (tx) => {
        await tx.record({ action: "lab.contact.test", record: "lab.contact", rowId: late.contactId, version: 3 });
        await tx.all({ compile: () => move.compile(query) });
      }),
    ).rejects.toThrow(/keeps its customer/);
    // A sample that was told of stays with whom it was told.
    const row = (await admin("GET", `/api/lab/samples/${sample}`)).body;
    const given = await admin("POST", `/api/lab/samples/${sample}/customer`, {
      version: Number(row["version"]),
      body: { customerId: other.id },
    });
    expect([given.status, given.body["code"]]).toEqual([409, "lab.sample_customer_fixed"]);
    await must(admin("POST", `/api/lab/contacts/${late.contactId}/end`));
    expect(await list(late)).toMatchObject({ items: [], waiting: [], customer: null });
    expect((await late.by("GET", `${base}/samples/${sample}`)).status).toBe(404);
  });

  test("only who may let people in invites, and a guest invites nobody", async () => {
    const { reviewer } = open.world.as;
    expect((await reviewer("POST", `/api/lab/contacts/${one.contactId}/invite`)).status).toBe(403);
    expect((await one.by("POST", `/api/lab/contacts/${other.contactId}/invite`)).status).toBe(403);
  });
});

describe("LED-06 a customer's contact is forgotten like a member", () => {
  const mark = "quillfeather";
  const named = (who: string) => ({ name: `Zacharias ${who} ${mark}`, email: `${who}-${mark}@example.org` });
  let eraser: Eraser;
  let by: TestCaller;
  beforeAll(async () => {
    const owner = await open.world.server.member(open.world.workspace, "owner");
    by = open.world.server.as(owner);
    eraser = { open, owner, by };
  });

  test("somebody without an account: contact, deliveries, their links, mails and what the log said of them", async () => {
    const { admin, reviewer } = open.world.as;
    const one = named("delta");
    const contact = await must(admin("POST", `/api/lab/customers/${other.id}/contacts`, { body: one }));
    const id = String(contact.body["id"]);
    const sent = await must(
      reviewer("POST", `/api/lab/certificates/${theirs.certificate}/deliveries`, {
        body: { recipient: one.name, email: one.email.toUpperCase(), contactId: id, days: 3 },
      }),
    );
    const token = String(sent.body["url"]).split("/").at(-1);
    const link = `/api/lab/delivered/${token}`;
    expect((await open.world.server.anonymous("GET", link)).status).toBe(200);
    const before = await holding(eraser, mark);
    expect(before).toEqual(
      expect.arrayContaining([
        "identity.mail",
        "kernel.ledger_opening",
        "kernel.version_history",
        "lab.contact",
        "lab.delivery",
      ]),
    );
    const path = `/api/erasures/outside/${id}`;
    // An owner's alone, freshly proved; and nobody's whom no record names.
    expect((await reviewer("GET", path)).status).toBe(403);
    expect((await reviewer("POST", path, { body: { basis: "no" } })).status).toBe(403);
    expect((await by("GET", `/api/erasures/outside/${uuidv7()}`)).body["code"]).toBe("retention.person_unknown");
    expect((await by("GET", path)).body).toMatchObject({
      person: { id, name: one.name, email: one.email, member: false, active: false },
      obstacles: [],
    });
    expect(await verdict(eraser)).toBe("VERIFIED");

    const done = await erase(eraser, path);
    expect([done.status, done.text.includes(mark)]).toEqual([201, false]);
    expect(done.body).toMatchObject({ subject: id, erased: expect.arrayContaining([{ what: "Mails", count: 1 }]) });
    expect(await holding(eraser, mark)).toEqual([]);
    // Where they opened it from is theirs, though the link did it in the name of whoever made it.
    const openings = await asDoor(
      open.world.server,
      `select o.openings -> 'source' as source from kernel.ledger_opening o join kernel.ledger_event e on e.tenant_id = o.tenant_id and e.leaf_id = o.leaf_id
       where e.action = 'lab.delivery.open' and e.row_id = $1`,
      [String(sent.body["id"])],
    );
    expect(openings).toEqual([{ source: { commitment: expect.any(String) } }]);
    expect((await open.world.server.anonymous("GET", link)).status).toBe(401);
    expect(await verdict(eraser)).toBe("VERIFIED_WITH_ERASURES");
    expect((await reconcileAsOwner(open.world.server.kernel.admin)).findings).toEqual([]);
    // The certificate and its customer stay; the delivery says that there was one, and to nobody who is named.
    const shown = (await must(reviewer("GET", `/api/lab/certificates/${theirs.certificate}`))).body;
    expect(shown["deliveries"]).toMatchObject([{ recipient: "Erased person", opened: 1 }]);
    expect((await by("POST", path, { body: { basis: "again" } })).body["code"]).toBe("retention.already_erased");
    expect((await by("GET", "/api/erasures")).text).toContain(id);
  });

  test("a guest who is a contact: one erasure, whichever of the two is named, and they are out", async () => {
    const { admin } = open.world.as;
    const one = named("epsilon");
    const made = await must(admin("POST", `/api/lab/customers/${other.id}/contacts`, { body: one }));
    const id = String(made.body["id"]);
    const invited = await must(admin("POST", `/api/lab/contacts/${id}/invite`));
    const guest = await takeUp(open.world.server, String(invited.body["link"]), one.name);
    const theirOwn = open.world.server.as(guest);
    expect((await theirOwn("GET", "/api/lab/portal/samples")).status).toBe(200);
    const path = `/api/erasures/outside/${id}`;
    expect((await by("GET", path)).body).toMatchObject({ person: { id: guest.membershipId, member: true } });
    expect((await erase(eraser, path)).body).toMatchObject({ subject: guest.membershipId });
    expect((await theirOwn("GET", "/api/lab/portal/samples")).status).toBe(401);
    expect(await holding(eraser, mark)).toEqual([]);
    expect(await verdict(eraser)).toBe("VERIFIED_WITH_ERASURES");
  });

  test("nothing but an erasure puts another name in place of a recipient's", async () => {
    const { kernel } = open.world.server;
    for (const [session, permission, code] of [
      [open.world.reviewer.session, "lab.certificate.send", "kernel.locked"],
      [eraser.owner.session, "kernel.person.erase", "kernel.permission_missing"],
    ] as const) {
      const change = kernel.door.work(session, permission, async (tx) => {
        const delivery = await tx.first(query.selectFrom("lab.delivery").select(["id", "version"]));
        await tx.record({
          action: "lab.delivery.test",
          record: "lab.delivery",
          rowId: delivery?.id ?? "",
          version: (delivery?.version ?? 0) + 1,
        });
        await tx.all(
          query
            .updateTable("lab.delivery")
            .set({ recipient: "Somebody Else" })
            .where("id", "=", delivery?.id ?? ""),
        );
      });
      await expect(change).rejects.toMatchObject({ code });
    }
  });
});

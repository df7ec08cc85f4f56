import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asDoor, takeUp } from "@probity/kernel/testing";
import { testSealer } from "@probity/seal/testing";
import { query } from "../query.ts";
import {
  customerOf,
  issued,
  must,
  openCertificates,
  published,
  type CertificateWorld,
  type Customer,
} from "../testing/certificate.ts";

let open: CertificateWorld;
let one: Customer;
let certificate: string;
beforeAll(async () => {
  open = await openCertificates(testSealer());
  one = await customerOf(open, "ALPHA");
  await must(open.world.as.admin("POST", "/api/lab/customers", { body: { code: "GAMMA", name: "=Gamma, Ltd" } }));
  certificate = (await issued(open, await published(open, { customerId: one.id }))).one;
}, 180_000);
afterAll(async () => {
  await open?.log.close();
  await open?.world.server.close();
});

const code = (answer: { status: number; body: Record<string, unknown> }) => [answer.status, answer.body["code"]];
async function list(search = ""): Promise<{ items: { code: string; seeing: number }[]; total: number }> {
  return JSON.parse((await must(open.world.as.reader("GET", `/api/lab/customers${search}`))).text);
}
async function whole(): Promise<{ contacts: Contact[]; ended: Contact[] }> {
  return JSON.parse((await must(open.world.as.reader("GET", `/api/lab/customers/${one.id}`))).text);
}
type Contact = { id: string; portal?: string; links?: number; endedBy?: string };

describe("LAB customers", () => {
  test("are found by words, their contacts and who sees results; the same ones leave as a file, which leaves its event", async () => {
    const codes = async (search: string) => (await list(search)).items.map((each) => each.code);
    expect(await codes("")).toEqual(["ALPHA", "GAMMA"]);
    expect(await codes("?q=alpha%20town")).toEqual(["ALPHA"]);
    expect(await codes("?q=contact%20alpha@")).toEqual(["ALPHA"]);
    expect(await codes("?q=%25")).toEqual([]);
    expect(await codes("?portal=open")).toEqual(["ALPHA"]);
    expect(await codes("?portal=none")).toEqual(["GAMMA"]);
    expect(await codes("?samples=some&q=alpha")).toEqual(["ALPHA"]);
    expect(await codes("?samples=none")).toEqual(["GAMMA"]);
    expect(await list("?samples=none")).toMatchObject({ total: 2, items: [{ seeing: 0 }] });
    const { text } = await must(open.world.as.reader("GET", "/api/lab/customers?portal=none&format=csv"));
    // A name that a spreadsheet would run stands as text.
    expect(text).toContain(`GAMMA,"'=Gamma, Ltd"`);
    expect(text).not.toContain("ALPHA");
    await open.log.publish();
    const leaf = "select 1 from kernel.ledger_event where action = 'lab.customer.export' and actor_id = $1";
    expect(await asDoor(open.world.server, leaf, [open.world.reader.membershipId])).toHaveLength(1);
  });

  test("a contact who is taken off loses the portal, and every link; put back, sees again and the links stay ended", async () => {
    const { admin, reviewer, technician } = open.world.as;
    const send = async () => {
      const to = { recipient: "Contact ALPHA", email: "alpha@example.org", days: 3, contactId: one.contactId };
      const sent = await must(reviewer("POST", `${certificate}/deliveries`, { body: to }));
      return `/api/lab/delivered/${String(sent.body["url"]).split("/").at(-1)}`;
    };
    const links = [await send(), await send()];
    const seen = async () => JSON.parse((await must(one.by("GET", "/api/lab/portal/samples"))).text).items.length;
    const opened = () =>
      Promise.all(links.map(async (link) => (await open.world.server.anonymous("GET", link)).status));
    expect([await seen(), await opened()]).toEqual([1, [200, 200]]);
    expect((await whole()).contacts).toMatchObject([{ id: one.contactId, portal: "open", links: 2 }]);
    const end = `/api/lab/contacts/${one.contactId}/end`;
    expect((await technician("POST", end)).status).toBe(403);
    expect((await must(admin("POST", end))).body).toEqual({ links: 2 });
    expect(await seen()).toBe(0);
    for (const status of await opened()) expect(status).toBeGreaterThanOrEqual(400);
    expect(await whole()).toMatchObject({ contacts: [], ended: [{ id: one.contactId }] });
    expect((await admin("POST", end)).status).toBe(404);
    // A change of a contact sends nothing to anybody, past the routes either.
    const insert = sql`insert into lab.delivery (tenant_id, id, certificate_id, recipient, email, link_id, expires_at)
      select tenant_id, gen_random_uuid(), certificate_id, recipient, email, link_id, expires_at from lab.delivery limit 1`;
    const planted = open.world.server.kernel.door.work(open.world.admin.session, "lab.customer.change", (tx) =>
      tx.all({ compile: () => sql<Record<string, unknown>>`${insert}`.compile(query) }),
    );
    await expect(planted).rejects.toMatchObject({ code: "kernel.permission_missing" });
    // Letting somebody in again is for those who let people in.
    const back = `/api/lab/contacts/${one.contactId}/return`;
    expect((await reviewer("POST", back)).status).toBe(403);
    await must(admin("POST", back));
    expect(await seen()).toBe(1);
    for (const status of await opened()) expect(status).toBeGreaterThanOrEqual(400);
    expect(await whole()).toMatchObject({ contacts: [{ portal: "open", links: 0 }], ended: [] });
    expect((await admin("POST", back)).status).toBe(404);
  });

  test("an invitation taken up after its contact went shows nothing; whoever was entered anew is not put back beside", async () => {
    const { admin } = open.world.as;
    const body = { name: "Contact two", email: "two@example.org" };
    const add = async () =>
      String((await must(admin("POST", `/api/lab/customers/${one.id}/contacts`, { body }))).body["id"]);
    const id = await add();
    const invited = await must(admin("POST", `/api/lab/contacts/${id}/invite`));
    await must(admin("POST", `/api/lab/contacts/${id}/end`));
    const late = open.world.server.as(await takeUp(open.world.server, String(invited.body["link"]), body.name));
    expect(JSON.parse((await must(late("GET", "/api/lab/portal/samples"))).text)).toMatchObject({
      items: [],
      waiting: [],
      customer: null,
    });
    await add();
    expect(code(await admin("POST", `/api/lab/contacts/${id}/return`))).toEqual([409, "lab.contact_known"]);
  });
});

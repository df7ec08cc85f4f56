import { probeAccount, probeSession } from "@probity/kernel";
import { defineControl, type ProbeContext } from "../control.ts";
import { listOf } from "../http.ts";
import { ProbeBrowser, said } from "./browser.ts";
import { inLab, type LabWorld } from "./lab-world.ts";
import { allOf } from "./outcome.ts";

const portal = "/api/lab/portal/samples";

/** A customer, and its contact at a browser of their own. */
export async function contactOf(
  context: ProbeContext,
  { owner, workspace }: LabWorld,
  code: string,
): Promise<{ id: string; browser: ProbeBrowser }> {
  const email = `probe-f-${code.toLowerCase()}@probe.invalid`;
  const userId = await probeAccount(context.kernel, `Probe ${code}`, email);
  const browser = new ProbeBrowser(context, await probeSession(context.kernel, userId), workspace);
  const listed = await owner.call("GET", "/api/lab/customers");
  const kept = listOf(listed.body["items"]).find((each) => each["code"] === code);
  const body = { code, name: `Customer ${code}`, address: "Probe" };
  const id = String(kept?.["id"] ?? (await owner.call("POST", "/api/lab/customers", body)).body["id"]);
  if ((await browser.call("GET", portal)).status !== 200) {
    const contact = await owner.call("POST", `/api/lab/customers/${id}/contacts`, { name: `Probe ${code}`, email });
    const invited = await owner.call("POST", `/api/lab/contacts/${String(contact.body["id"])}/invite`);
    const token = String(invited.body["link"]).split("/").at(-1) ?? "";
    await browser.call("POST", `/api/invitations/${token}/join`);
  }
  return { id, browser };
}

/** Says whose a sample is, which it may be told until a value of it is there. */
export async function giveTo({ owner }: LabWorld, sample: string, customerId: string): Promise<void> {
  const { body: shown } = await owner.call("GET", `/api/lab/samples/${sample}`);
  const headers = { "if-match": `"${Number(shown["version"])}"` };
  await owner.call("POST", `/api/lab/samples/${sample}/customer`, { customerId }, headers);
}

/** A customer with a published sample, and its contact. */
async function customer(context: ProbeContext, world: LabWorld, code: string) {
  const { technician, second, owner, result, state, enter, verify } = world;
  const { id, browser } = await contactOf(context, world, code);
  const sample = await world.sample(`of-${code.toLowerCase()}`);
  if ((await result(sample)).state === "open") {
    await giveTo(world, sample, id);
    await enter(technician, sample, "6.5");
  }
  if ((await state(sample)) === "tested") await verify(second, sample);
  if ((await state(sample)) === "verified") {
    const { body: shown } = await owner.call("GET", `/api/lab/samples/${sample}`);
    const headers = { "if-match": `"${Number(shown["version"])}"` };
    await second.call("POST", `/api/lab/samples/${sample}/publish`, { specificationIds: [] }, headers);
  }
  return { browser, sample };
}

/** Runs with two customers and ends their sessions. */
async function withCustomers<T>(
  context: ProbeContext,
  run: (a: Awaited<ReturnType<typeof customer>>, b: Awaited<ReturnType<typeof customer>>) => Promise<T>,
): Promise<T> {
  return inLab(context, async (world) => {
    const a = await customer(context, world, "PROBE-A");
    const b = await customer(context, world, "PROBE-B");
    try {
      return await run(a, b);
    } finally {
      for (const { browser } of [a, b]) await browser.call("DELETE", "/api/session");
    }
  });
}

export const ownSamples = defineControl({
  id: "LAB-06",
  standards: ["ISO/IEC 17025:2017 4.2", "OWASP ASVS 5.0 V8.2.2", "GDPR Art. 32(1)(b)"],
  yourPart: "Say whose a sample is before it is verified, and take contacts off who left their company.",
  notProbed: ["a customer's certificates, which LAB-05 asks for"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "own-and-published",
      kind: "scratch",
      title: "A customer's contact sees the published sample of that customer",
      run: (context) =>
        withCustomers(context, async (a) => {
          const list = await a.browser.call("GET", portal);
          const one = await a.browser.call("GET", `${portal}/${a.sample}`);
          return allOf("the list and the page of one's own sample are there", [
            [list.status === 200, `the list got ${said(list)}`],
            [listOf(list.body["items"]).some((each) => each["id"] === a.sample), "one's own sample is not listed"],
            [one.status === 200 && listOf(one.body["told"]).length > 0, `one's own sample got ${said(one)}`],
          ]);
        }),
      negative: (context) =>
        withCustomers(context, async (a, b) => {
          const list = await a.browser.call("GET", portal);
          const other = await a.browser.call("GET", `${portal}/${b.sample}`);
          const inner = [
            await a.browser.call("GET", `/api/lab/samples/${a.sample}`),
            await a.browser.call("GET", "/api/lab/samples"),
            await a.browser.call("GET", "/api/lab/results"),
            await a.browser.call("GET", "/api/lab/customers"),
            await a.browser.call("GET", "/api/people"),
            await a.browser.call("GET", "/api/audit"),
          ];
          return allOf("another customer's sample is not there, and every address of the laboratory is refused", [
            [!list.text.includes(b.sample), "another customer's sample is listed"],
            [other.status === 404, `another customer's sample got ${said(other)}`],
            ...inner.map(
              (each) => [each.status === 403 || each.status === 404, `an inner address got ${said(each)}`] as const,
            ),
          ]);
        }),
    },
  ],
});

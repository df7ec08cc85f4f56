import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestKernel, type TestKernel, type TestPerson } from "../testing/kernel.ts";
import { Problem } from "../work/problem.ts";
import { cleanDomain } from "./domain-name.ts";
import { addDomain, listDomains, recheckDomains, removeDomain, verifiedDomains, verifyDomain } from "./domain.ts";
import { txtLookup, type TxtLookup } from "./name-server.ts";
import { startNameServer, type TestNameServer } from "../testing/sso/name-server.ts";

let kernel: TestKernel;
let names: TestNameServer;
let lookup: TxtLookup;
let owner: TestPerson;
let other: TestPerson;
let count = 0;

beforeAll(async () => {
  kernel = await openTestKernel();
  names = await startNameServer();
  lookup = txtLookup([names.address]);
});
afterAll(async () => {
  await names?.close();
  await kernel?.close();
});
beforeEach(async () => {
  names.records.clear();
  names.mode = "answer";
  owner = await kernel.addPerson(await kernel.foundWorkspace(`one-${count++}`), "owner");
  other = await kernel.addPerson(await kernel.foundWorkspace(`two-${count++}`), "owner");
});

const add = (person: TestPerson, domain: string) =>
  kernel.door.work(person.session, "kernel.sso.change", (tx) => addDomain(tx, domain));
const list = (person: TestPerson) => kernel.door.work(person.session, "kernel.sso.read", listDomains);
const verified = (person: TestPerson) => kernel.door.work(person.session, "kernel.sso.read", verifiedDomains);
const verify = (person: TestPerson, id: string) => verifyDomain(kernel, person.session, id, lookup);
async function publish(person: TestPerson): Promise<void> {
  for (const { record } of await list(person))
    names.records.set(record.name, [...(names.records.get(record.name) ?? []), record.value]);
}
async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
  return "was not refused";
}

describe("domain verification", () => {
  test("IDN-03 a domain counts only once its name server says the value shown", async () => {
    const id = await add(owner, "Example.COM.");
    expect(await verified(owner)).toEqual([]);
    expect(await refusal(verify(owner, id))).toBe("sso.record_missing");
    names.records.set("_probity-challenge.example.com", ["probity-domain=something else", "v=spf1 -all"]);
    expect(await refusal(verify(owner, id))).toBe("sso.record_missing");
    await publish(owner);
    await verify(owner, id);
    expect(await verified(owner)).toEqual(["example.com"]);
  });

  test("IDN-03 a silent or failing name server verifies nothing and takes nothing away", async () => {
    const id = await add(owner, "silent.example");
    await publish(owner);
    names.mode = "fail";
    expect(await refusal(verify(owner, id))).toBe("sso.name_server_silent");
    names.mode = "answer";
    await verify(owner, id);
    names.mode = "fail";
    const later = new Date(Date.now() + 30 * 86_400_000);
    await recheckDomains(kernel, lookup, later);
    expect(await verified(owner)).toEqual(["silent.example"]);
  });

  test("IDN-03 a verified domain is one workspace's: a second one is refused, also of two at once", async () => {
    const mine = await add(owner, "shared.example");
    const theirs = await add(other, "shared.example");
    await publish(owner);
    await publish(other);
    const results = await Promise.all([refusal(verify(owner, mine)), refusal(verify(other, theirs))]);
    expect(results.toSorted()).toEqual(["sso.domain_taken", "was not refused"]);
    const loser = results[0] === "sso.domain_taken" ? owner : other;
    expect(await verified(loser)).toEqual([]);
  });

  test("IDN-03 another workspace's challenge proves nothing here, and its domains can't be touched", async () => {
    const mine = await add(owner, "mine.example");
    const theirs = await add(other, "mine.example");
    await publish(other);
    expect(await refusal(verify(owner, mine))).toBe("sso.record_missing");
    expect(await refusal(verify(owner, theirs))).toBe("sso.domain_unknown");
    const remove = kernel.door.work(owner.session, "kernel.sso.change", (tx) => removeDomain(tx, theirs));
    expect(await refusal(remove)).toBe("sso.domain_unknown");
  });

  test("IDN-03 a record that is gone for three days ends the verification, one that comes back does not", async () => {
    const id = await add(owner, "moves.example");
    await publish(owner);
    await verify(owner, id);
    names.records.clear();
    const day = (n: number) => new Date(Date.now() + n * 86_400_000 + n * 60_000);
    await recheckDomains(kernel, lookup, day(2));
    expect(await verified(owner)).toEqual(["moves.example"]);
    await publish(owner);
    await recheckDomains(kernel, lookup, day(4));
    names.records.clear();
    await recheckDomains(kernel, lookup, day(6));
    await recheckDomains(kernel, lookup, day(8));
    expect(await verified(owner)).toEqual(["moves.example"]);
    await recheckDomains(kernel, lookup, day(10));
    expect(await verified(owner)).toEqual([]);
  });

  test("IDN-03 members may neither read nor change it", async () => {
    const member = await kernel.addPerson(owner.session.workspace ?? "", "member");
    expect(await refusal(add(member, "member.example"))).toBe("kernel.permission_missing");
    expect(await refusal(list(member))).toBe("kernel.permission_missing");
  });

  test.each([
    ["example.com", "example.com"],
    [" ÖSTERREICH.example. ", "xn--sterreich-z7a.example"],
    ["localhost", undefined],
    ["10.0.0.1", undefined],
    ["[::1]", undefined],
    ["https://example.com", undefined],
    ["a@example.com", undefined],
    ["example.com/path", undefined],
    ["exa mple.com", undefined],
    ["-bad.example", undefined],
    ["*.example.com", undefined],
    ["x".repeat(64) + ".example", undefined],
    ["", undefined],
  ])("IDN-03 %j as a domain is %j", (text, expected) => {
    expect(cleanDomain(text)).toBe(expected);
  });
});

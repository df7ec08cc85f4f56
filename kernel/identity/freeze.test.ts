import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAccountServer, type Account, type AccountBrowser, type AccountServer } from "../testing/account-server.ts";

let server: AccountServer;
let admin: Client;
let count = 0;

beforeAll(async () => {
  server = await openAccountServer();
  admin = new Client(server.kernel.admin);
  await admin.connect();
  await admin.query("set role probity_owner");
});
afterAll(async () => {
  await admin?.end();
  await server?.close();
});

type Member = { account: Account; browser: AccountBrowser };
async function organisation() {
  const workspace = await server.kernel.foundWorkspace(`freeze-${(count += 1)}`);
  const join = async (role: "owner" | "admin" | "member"): Promise<Member> => {
    const account = await server.account({ [workspace]: role });
    const browser = server.browser();
    browser.workspace = workspace;
    await browser.signIn(account);
    return { account, browser };
  };
  return { workspace, join };
}
const freeze = ({ account, browser }: Member) =>
  browser.proved(account, "POST", "/api/workspace/freeze", { reason: "A laptop was stolen" });
const thaw = ({ account, browser }: Member) => browser.proved(account, "POST", "/api/workspace/thaw");
const outcome = (answer: { status: number; body: Record<string, unknown> }) => [answer.status, answer.body["code"]];

describe("the freeze", () => {
  test("IDN-12 one act stops sessions, keys and jobs; one person does not thaw it, two do", async () => {
    const { workspace, join } = await organisation();
    const [owner, colleague, member] = [await join("owner"), await join("admin"), await join("member")];
    const wish = { name: "Program", permissions: ["kernel.policy.read"], days: 1 };
    const made = await owner.browser.proved(owner.account, "POST", "/api/keys", wish);
    const program = server.browser();
    const bearer = { authorization: `Bearer ${String(made.body["token"])}` };
    expect((await program.call("GET", "/api/policy", undefined, bearer)).status).toBe(200);
    await admin.query("reset role");
    await admin.query("set role probity_door");
    await admin.query(
      `insert into kernel.job (tenant_id, id, task, actor_id, state) values ($1, gen_random_uuid(), 'test', gen_random_uuid(), 'running')`,
      [workspace],
    );
    await admin.query(
      `insert into kernel.job_grant (id, secret_hash, tenant_id, actor_id, permissions, expires_at)
       select id, sha256(convert_to('job secret', 'UTF8')), tenant_id, actor_id, '{kernel.job.read}', now() + interval '1 hour' from kernel.job where tenant_id = $1`,
      [workspace],
    );

    expect(outcome(await owner.browser.call("POST", "/api/workspace/freeze", { reason: "x" }))).toEqual([
      403,
      "kernel.step_up_required",
    ]);
    const frozen = await freeze(owner);
    expect([frozen.status, frozen.body]).toEqual([200, { sessionsEnded: 2 }]);

    expect(outcome(await owner.browser.call("GET", "/api/policy"))).toEqual([423, "kernel.workspace_frozen"]);
    expect((await member.browser.call("GET", "/api/session")).status).toBe(401);
    expect(outcome(await program.call("GET", "/api/policy", undefined, bearer))).toEqual([
      423,
      "kernel.workspace_frozen",
    ]);
    const jobs = await admin.query("select state, problem ->> 'code' as code from kernel.job where tenant_id = $1", [
      workspace,
    ]);
    expect(jobs.rows).toEqual([{ state: "failed", code: "kernel.workspace_frozen" }]);
    const report = await admin
      .query("select kernel.report_job('job secret', 'running', 'on', 1, 2, null)")
      .catch((error: unknown) => String(error));
    expect(report).toContain("job_ended");
    await admin.query("set role probity_owner");

    // Signing in goes on; in the workspace nothing does but the thaw, and of that one member's word is not enough.
    await member.browser.signIn(member.account);
    expect(outcome(await member.browser.call("GET", "/api/policy"))).toEqual([423, "kernel.workspace_frozen"]);
    expect((await member.browser.call("POST", "/api/workspace/thaw")).status).toBeGreaterThanOrEqual(403);
    expect((await owner.browser.call("POST", "/api/workspace/freeze", { reason: "again" })).status).toBe(423);

    const asked = await thaw(owner);
    expect([asked.status, asked.body]).toEqual([200, { thawed: false }]);
    expect(outcome(await thaw(owner))).toEqual([409, "factor.thaw_by_another"]);
    expect((await owner.browser.call("GET", "/api/policy")).status).toBe(423);
    await colleague.browser.signIn(colleague.account);
    expect((await colleague.browser.call("GET", "/api/workspace/freeze")).body).toMatchObject({
      reason: "A laptop was stolen",
      askedByYou: false,
    });
    expect(outcome(await colleague.browser.call("POST", "/api/workspace/thaw"))).toEqual([
      403,
      "kernel.step_up_required",
    ]);
    const thawed = await thaw(colleague);
    expect([thawed.status, thawed.body]).toEqual([200, { thawed: true }]);
    expect((await owner.browser.call("GET", "/api/policy")).status).toBe(200);
    expect((await program.call("GET", "/api/policy", undefined, bearer)).status).toBe(200);
    expect(outcome(await thaw(owner))).toEqual([409, "factor.not_frozen"]);
  });

  test("IDN-12 a stream of progress that stands open ends with the freeze", async () => {
    const { workspace, join } = await organisation();
    const [owner] = [await join("owner"), await join("admin")];
    await admin.query("reset role");
    await admin.query("set role probity_door");
    const job = await admin.query(
      `insert into kernel.job (tenant_id, id, task, actor_id, state) values ($1, gen_random_uuid(), 'test', gen_random_uuid(), 'running') returning id`,
      [workspace],
    );
    await admin.query("set role probity_owner");
    const stream = await fetch(`${server.base}/api/jobs/${job.rows[0].id}/events`, {
      headers: { cookie: `probity-session=${owner.browser.token}`, "probity-workspace": workspace },
    });
    const reader = stream.body?.getReader();
    const first = await reader?.read();
    expect(new TextDecoder().decode(first?.value)).toContain("running");
    await freeze(owner);
    // No more of it comes, and it ends: a stream that went on would keep this waiting until the test's own limit.
    let rest = "";
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
      rest += new TextDecoder().decode(part.value);
    }
    expect(rest).not.toContain("done");
  });

  test("IDN-12 a workspace that nobody else could thaw is not frozen", async () => {
    const { join } = await organisation();
    const owner = await join("owner");
    await join("member");
    expect(outcome(await freeze(owner))).toEqual([409, "factor.freeze_needs_two"]);
    expect((await owner.browser.call("GET", "/api/policy")).status).toBe(200);
  });

  test("IDN-12 a member freezes nothing", async () => {
    const { join } = await organisation();
    await join("owner");
    await join("admin");
    const member = await join("member");
    expect(outcome(await freeze(member))).toEqual([403, "kernel.permission_missing"]);
  });

  test("IDN-12 the database itself thaws for two words alone, whatever a statement says", async () => {
    const { workspace, join } = await organisation();
    const [owner, colleague] = [await join("owner"), await join("admin")];
    await freeze(owner);
    await thaw(owner);
    await admin.query("reset role");
    await admin.query("set role probity_door");
    await admin.query("begin");
    const id = await admin.query("select id from kernel.membership where tenant_id = $1 order by created_at limit 1", [
      workspace,
    ]);
    await admin.query("select kernel.bind($1, $2, 'kernel.workspace.thaw')", [workspace, id.rows[0].id]);
    await expect(admin.query("select kernel.thaw_workspace()")).rejects.toThrow("permission_missing");
    await admin.query("rollback");
    await admin.query("set role probity_owner");
    await colleague.browser.signIn(colleague.account);
    expect((await thaw(colleague)).body).toEqual({ thawed: true });
  });
});

describe("sessions of members", () => {
  test("IDN-08 an admin sees and ends any session of the organisation, and none of another", async () => {
    const { workspace, join } = await organisation();
    const [owner, boss, member] = [await join("owner"), await join("admin"), await join("member")];
    const elsewhere = await (await organisation()).join("member");
    const listed = (await boss.browser.call("GET", "/api/people/sessions")).body["items"];
    expect(listed).toHaveLength(3);
    expect(JSON.stringify(listed)).not.toContain(member.browser.token);
    const sessionOf = async ({ browser }: Member) => {
      const own = (await browser.call("GET", "/api/session/all")).body["items"];
      const current: unknown = Array.isArray(own) ? own.find((each) => each.current) : undefined;
      return typeof current === "object" && current !== null ? String(Reflect.get(current, "id")) : "";
    };
    for (const target of [member, owner]) {
      expect((await boss.browser.call("DELETE", `/api/people/sessions/${await sessionOf(target)}`)).status).toBe(204);
      expect((await target.browser.call("GET", "/api/session")).status).toBe(401);
    }
    const foreign = await sessionOf(elsewhere);
    expect(outcome(await boss.browser.call("DELETE", `/api/people/sessions/${foreign}`))).toEqual([
      404,
      "identity.session_unknown",
    ]);
    expect((await elsewhere.browser.call("GET", "/api/session")).status).toBe(200);
    await member.browser.signIn(member.account);
    expect((await member.browser.call("GET", "/api/people/sessions")).status).toBe(403);
    await admin.query("reset role");
    await admin.query("set role probity_door");
    const leaves = await admin.query(
      "select count(*)::integer as n from (select 1 from kernel.ledger_inbox where tenant_id = $1 and action = 'kernel.session.end' union all select 1 from kernel.ledger_event where tenant_id = $1 and action = 'kernel.session.end') l",
      [workspace],
    );
    expect(leaves.rows[0].n).toBeGreaterThanOrEqual(2);
    await admin.query("set role probity_owner");
  });

  test("IDN-08 of somebody who works elsewhere too, the place they come from is not told", async () => {
    const one = await organisation();
    const two = await organisation();
    const boss = await one.join("owner");
    const consultant = await server.account({ [one.workspace]: "member", [two.workspace]: "member" });
    await server.browser().signIn(consultant);
    const items = (await boss.browser.call("GET", "/api/people/sessions")).body["items"];
    const addresses = Array.isArray(items) ? items.map((item) => item.address === null).toSorted() : [];
    expect(addresses).toEqual([false, true]);
  });

  test("IDN-08 a token fixed in a browser before sign-in is not the one after it", async () => {
    const { join } = await organisation();
    const victim = await join("owner");
    const attacker = await join("owner");
    const fixed = attacker.browser.token;
    const browser = server.browser();
    browser.token = fixed;
    await browser.signIn(victim.account);
    expect(browser.token).not.toBe(fixed);
    // The planted session ended with the sign-in: the attacker's browser is nobody, and never the victim.
    expect((await attacker.browser.call("GET", "/api/session")).status).toBe(401);
    const made = server.browser();
    made.token = "chosen-by-an-attacker-0123456789";
    await made.signIn(victim.account);
    expect(made.token).not.toBe("chosen-by-an-attacker-0123456789");
  });
});

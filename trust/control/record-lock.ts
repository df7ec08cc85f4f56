import { defineControl } from "../control.ts";
import { listOf } from "../http.ts";
import { said } from "./browser.ts";
import { allOf } from "./outcome.ts";
import { inWorld } from "./signature.ts";
import { sign, unlock } from "./signing-world.ts";

const findings = "/api/regulatory-docs/findings";

export const recordLock = defineControl({
  id: "SIG-02",
  standards: ["21 CFR 11.10(e)", "21 CFR 11.70", "EU GMP Annex 11 §12", "ALCOA+ original, enduring"],
  yourPart: "Read why a record was unlocked before you rely on its new version.",
  notProbed: [],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "unlock-with-reason",
      kind: "scratch",
      title: "An admin unlocks with a fresh proof and a reason; the old version and its signature stay readable",
      run: (context) =>
        inWorld(context, async (world) => {
          const { reviewer, owner } = world.people;
          const made = await sign(world, reviewer, "review");
          const opened = await unlock(world, owner, { reason: "Probe of unlocking" });
          const view = await reviewer.call("GET", `${world.one}/signing`);
          const history = await reviewer.call("GET", `${world.one}/history`);
          const newest = listOf(view.body["unlocks"]).at(-1) ?? {};
          return allOf("unlocked as a new version; signature, reason and every version are readable", [
            [made.status === 201, `signing got ${said(made)}`],
            [opened.status === 200, `the unlocking got ${said(opened)}`],
            [view.body["state"] === "draft", `the new version is ${String(view.body["state"])}`],
            [listOf(view.body["earlier"]).length > 0, "the earlier signature is not shown"],
            [newest["reason"] === "Probe of unlocking", "the reason of the unlocking is not shown"],
            [listOf(history.body["items"]).length > 2, `the history answered ${said(history)}`],
          ]);
        }),
      negative: (context) =>
        inWorld(context, async (world) => {
          const { author, reviewer, approver } = world.people;
          const made = await sign(world, reviewer, "review");
          const run = await reviewer.call("GET", world.one);
          const finding = listOf(run.body["findings"]).find((each) => each["id"] === world.finding) ?? {};
          const attempt = (act: string, body: unknown) =>
            author.call("POST", `${findings}/${world.finding}/${act}`, body, {
              "if-match": `"${Number(finding["version"])}"`,
            });
          const edits = [
            await attempt("accept", { reason: "planted" }),
            await attempt("override", { status: "partial", reasonCode: "other", reason: "planted" }),
            await attempt("note", { note: "planted" }),
            await attempt("due", { dueOn: "2030-01-31" }),
          ];
          const weak = await unlock(world, reviewer);
          const silent = await unlock(world, approver, {});
          const bare = await approver.browser.call(
            "POST",
            `${world.one}/unlock`,
            { reason: "Probe" },
            { "if-match": `"${world.at.version}"` },
          );
          const view = await reviewer.call("GET", `${world.one}/signing`);
          return allOf(
            "no finding of the signed report changed; a member, no fresh proof and no reason unlocked nothing",
            [
              [made.status === 201, `signing got ${said(made)}`],
              [edits.every((each) => each.status !== 200), "a finding of a signed report was changed"],
              [
                edits[0]?.body["code"] === "kernel.locked",
                `a change of a finding got ${edits[0] ? said(edits[0]) : "nothing"}`,
              ],
              [weak.body["code"] === "kernel.permission_missing", `a member's unlocking got ${said(weak)}`],
              [bare.body["code"] === "kernel.step_up_required", `unlocking without fresh proof got ${said(bare)}`],
              [silent.status === 400, `unlocking without a reason got ${said(silent)}`],
              [
                view.body["locked"] === true && view.body["unchanged"] === true,
                "the signed report is not as it was signed",
              ],
            ],
          );
        }),
    },
    {
      id: "lock-in-the-database",
      kind: "catalogue",
      title: "The database keeps the lock: its triggers stand on every table that declares one",
      run: async ({ database }) => {
        const rows = await database.attempt("setup", (connection) =>
          connection.query(
            `select g.record, exists (select from pg_trigger t where t.tgrelid = g.relation and t.tgname = 'stamp' and t.tgenabled in ('O', 'A')) as holds
           from kernel.governed_table g where g.options ? 'lock'`,
          ),
        );
        return allOf(`${rows.length} tables declare a lock, and each has its trigger`, [
          [rows.length > 0, "no table declares a lock"],
          ...rows.map((row) => [row["holds"] === true, `${String(row["record"])} has no stamp trigger`] as const),
        ]);
      },
      negative: async ({ database }) => {
        const rows = await database.attempt("setup", (connection) =>
          connection.query(
            `select p.table_name, p.privilege_type from information_schema.role_table_grants p
           where p.grantee = 'probity_app' and p.table_schema = 'kernel' and p.table_name in ('signature', 'signer', 'unlock_permit', 'change_reason')
             and p.privilege_type <> 'SELECT'`,
          ),
        );
        return allOf("the application's role may write no signature, signer, permit or reason past their functions", [
          [
            rows.length === 0,
            `the application's role holds ${rows.map((row) => String(row["privilege_type"])).join(", ")}`,
          ],
        ]);
      },
    },
  ],
});

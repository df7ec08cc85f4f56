import { defineControl } from "../control.ts";
import { listOf } from "../http.ts";
import { said } from "./browser.ts";
import { inLab } from "./lab-world.ts";
import { allOf } from "./outcome.ts";

export const enteredText = defineControl({
  id: "LAB-01",
  standards: ["21 CFR 211.194(a)", "21 CFR 11.10(e)", "ISO/IEC 17025:2017 7.5.2", "ALCOA+ original, accurate"],
  yourPart: "Enter what the instrument shows, as it shows it; say why when you change it.",
  notProbed: [],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "to-the-character",
      kind: "scratch",
      title: "A result stands as it was typed, and a save that touched nothing writes nothing",
      run: (context) =>
        inLab(context, async ({ technician, sample, result, enter }) => {
          const id = await sample("text");
          // Another value than the last round's: an untouched save would prove the first half by itself.
          const text = (await result(id)).text === "6.50" ? "6.70" : "6.50";
          const first = await enter(technician, id, text, { reason: "Probe" });
          const kept = await result(id);
          const again = await enter(technician, id, text);
          const after = await result(id);
          return allOf("a value with its last zero stands as typed; saved untouched it kept its version", [
            [first.status === 200, `entering got ${said(first)}`],
            [kept.text === text, "the text is not the one that was entered"],
            [again.status === 200 && again.body["untouched"] === 1, `the untouched save got ${said(again)}`],
            [after.version === kept.version && after.text === kept.text, "the untouched save made a version"],
          ]);
        }),
      negative: (context) =>
        inLab(context, async ({ technician, second, sample, result, enter }) => {
          const id = await sample("text");
          if ((await result(id)).state === "open") await enter(technician, id, "6.50");
          const kept = await result(id);
          const row = { id: kept.id, version: kept.version - 1, text: "6.9", reason: "Planted" };
          const late = await second.call("POST", "/api/lab/results/save", { rows: [row] });
          const silent = await enter(technician, id, "6.6");
          const after = await result(id);
          return allOf("a save of an older version and a change without a reason were refused whole", [
            [late.status >= 400, `the stale save got ${said(late)}`],
            [silent.status >= 400, `the change without a reason got ${said(silent)}`],
            [after.version === kept.version && after.text === kept.text, "the value was changed all the same"],
          ]);
        }),
    },
  ],
});

export const otherVerifies = defineControl({
  id: "LAB-02",
  standards: ["21 CFR 211.194(a)(8)", "21 CFR 11.10(f)", "EU GMP 6.17", "ISO/IEC 17025:2017 7.7.1"],
  yourPart: "Let people who know the method verify, and read why a record was opened again.",
  notProbed: [],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "verified-and-locked",
      kind: "scratch",
      title: "Another person verifies by signature; an admin opens it again with a fresh proof and a reason",
      run: (context) =>
        inLab(context, async ({ technician, second, owner, sample, result, state, enter, verify, unlock }) => {
          const id = await sample("verified");
          if ((await state(id)) === "verified") await unlock(owner, id, "Probe of unlocking");
          if ((await result(id)).state === "open") await enter(technician, id, "6.5");
          const verified = await verify(second, id);
          const closed = await result(id);
          const opened = await unlock(owner, id, "Probe of unlocking");
          const again = await verify(second, id);
          const shown = await technician.call("GET", `/api/lab/samples/${id}`);
          return allOf(
            "entered by one, verified by another's signature, unlocked with a reason that is shown, verified again",
            [
              [verified.status < 300, `verifying got ${said(verified)}`],
              [closed.state === "verified", `the result is ${closed.state}`],
              [opened.status < 300, `unlocking got ${said(opened)}`],
              [again.status < 300, `verifying again got ${said(again)}`],
              [
                listOf(shown.body["unlocks"]).some((each) => each["reason"] === "Probe of unlocking"),
                "no reason is shown",
              ],
            ],
          );
        }),
      negative: (context) =>
        inLab(context, async (world) => {
          const { technician, second, owner, sample, result, state, enter, verify, unlock, unlockUnproved } = world;
          const own = await sample("own");
          // Once the guard was down in an earlier round, somebody got it verified.
          if ((await state(own)) === "verified") await unlock(owner, own, "Probe of unlocking");
          if ((await result(own)).state === "open") await enter(second, own, "6.5");
          const self = await verify(second, own);
          const low = await verify(technician, own);
          const done = await sample("kept");
          if ((await result(done)).state === "open") await enter(technician, done, "6.5");
          if ((await state(done)) !== "verified") await verify(second, done);
          const edit = await enter(technician, done, "6.6", { reason: "Planted" });
          const high = await enter(second, done, "6.6", { reason: "Planted" });
          const beside = `/api/lab/results/${(await result(done)).id}/attachments`;
          const planted = { name: "planted.txt", bytes: Buffer.from("Planted") };
          const late = await technician.browser.upload(beside, planted);
          const higher = await owner.browser.upload(beside, planted);
          const weak = await unlock(technician, done, "Planted");
          const silent = await unlock(second, done, "");
          const unproved = await unlockUnproved(owner, done, "Planted");
          const after = await result(done);
          return allOf(
            "one's own result was not verified, a technician verified and unlocked nothing, nobody unlocked without a fresh proof, and what is verified kept and took no file",
            [
              [self.body["code"] === "lab.own_result", `verifying one's own result got ${said(self)}`],
              [low.status === 403, `a technician's verification got ${said(low)}`],
              [edit.status >= 400 && high.status >= 400, "a verified result was saved again"],
              [
                late.body["code"] === "lab.attachment_closed" && higher.body["code"] === "lab.attachment_closed",
                `a file beside a verified result got ${said(late)} and ${said(higher)}`,
              ],
              [weak.status === 403, `a technician's unlocking got ${said(weak)}`],
              [silent.status >= 400, `unlocking without a reason got ${said(silent)}`],
              [unproved.body["code"] === "kernel.step_up_required", `unlocking without a proof got ${said(unproved)}`],
              [after.text === "6.5" && after.state === "verified", "a verified result was changed"],
            ],
          );
        }),
    },
  ],
});

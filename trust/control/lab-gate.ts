import { defineControl } from "../control.ts";
import { listOf } from "../http.ts";
import { said } from "./browser.ts";
import { inLab, type LabWorld } from "./lab-world.ts";
import { allOf } from "./outcome.ts";

/** Overrides of a sample's results, newest first or not: the page shows them beside what they let pass. */
async function overridesOf({ second }: LabWorld, sample: string) {
  return listOf((await second.call("GET", `/api/lab/gates?sample=${sample}`)).body["overrides"]);
}

export const gates = defineControl({
  id: "LAB-04",
  standards: ["21 CFR 211.68", "21 CFR 211.160(b)(4)", "21 CFR 211.25(a)", "ISO/IEC 17025:2017 6.2, 6.4, 7.7"],
  yourPart: "Declare in each method what it needs: instruments, lots, training, quality control.",
  notProbed: ["the gates of instruments, lots and quality control, which stand in the same place"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "held-until-overridden",
      kind: "scratch",
      title: "A held result is verified once one person asked for its override and another confirmed it",
      run: (context) =>
        inLab(context, async (world) => {
          const { technician, second, owner, sample, result, state, enter, verify, unlock } = world;
          const id = await sample("passed", "gated");
          if ((await state(id)) === "verified") await unlock(owner, id, "Probe of a gate");
          if ((await result(id)).state === "open") await enter(technician, id, "6.5");
          const { id: one } = await result(id);
          let standing = (await overridesOf(world, id)).find((each) => each["state"] === "confirmed");
          if (standing === undefined) {
            const body = { resultIds: [one], gate: "training", reason: "Probe" };
            const asked = await technician.call("POST", "/api/lab/overrides", body);
            const given: unknown = asked.body["ids"];
            const ids = Array.isArray(given) ? given : [];
            await second.call("POST", "/api/lab/overrides/decide", { ids, confirmed: true });
            standing = (await overridesOf(world, id)).find((each) => each["state"] === "confirmed");
          }
          const verified = await verify(second, id);
          return allOf("nobody was trained; asked for by one, confirmed by another, verified, and all of it is shown", [
            [standing !== undefined, "the confirmed override is not shown"],
            [verified.status < 300, `verifying got ${said(verified)}`],
          ]);
        }),
      negative: (context) =>
        inLab(context, async (world) => {
          const { technician, second, owner, sample, result, state, enter, verify, unlock } = world;
          const id = await sample("held", "gated");
          if ((await state(id)) === "verified") await unlock(owner, id, "Probe of a gate");
          if ((await result(id)).state === "open") await enter(technician, id, "6.5");
          const { id: one } = await result(id);
          const before = await verify(second, id);
          const open = (await overridesOf(world, id)).find((each) => each["state"] === "asked");
          const body = { resultIds: [one], gate: "training", reason: "Planted" };
          const asked = open === undefined ? await second.call("POST", "/api/lab/overrides", body) : undefined;
          const given: unknown = asked?.body["ids"];
          const ids = Array.isArray(given) ? given : [open?.["id"]];
          const own = await second.call("POST", "/api/lab/overrides/decide", { ids, confirmed: true });
          const low = await technician.call("POST", "/api/lab/overrides/decide", { ids, confirmed: true });
          const after = await verify(second, id);
          return allOf("held before and after: an override confirmed by who asked, or by who entered, is none", [
            [before.status >= 400, `verifying what is held got ${said(before)}`],
            [own.status >= 400, `confirming one's own override got ${said(own)}`],
            [low.status === 403, `a technician's confirmation got ${said(low)}`],
            [after.status >= 400 && (await state(id)) !== "verified", "the held result was verified"],
          ]);
        }),
    },
  ],
});

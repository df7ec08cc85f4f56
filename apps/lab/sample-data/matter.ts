import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Tx } from "@probity/kernel";
import { insertAll, updateAll } from "../bulk.ts";
import { query } from "../query.ts";
import { dayOf, hourMs, iso, minuteMs, working, workdayBefore } from "./calendar.ts";
import type { Drawn } from "./draw.ts";
import { answers } from "./out-of-limits.ts";
import { analysts, head, microbiologist, reviewer } from "./people.ts";
import { Stage, type Attempt, type Laid } from "./scene.ts";
import { numbersInTime } from "./numbers-in-time.ts";

/** Lots that what is under way is told by; certificates find theirs by them. */
export const lotsOf = (now: number) => {
  const year = dayOf(now).slice(2, 4);
  const named = (code: string, number: number) => `${code}${year}-${String(number).padStart(3, "0")}`;
  return {
    amended: named("SLB", 92),
    mistyped: named("SLB", 29),
    overridden: named("PCM", 94),
    unlocked: named("SLB", 93),
    planned: named("SLB", 94),
    retest: named("PCM", 95),
    first: named("PCM", 97),
    conditional: named("SLB", 95),
    warned: named("PCM", 96),
  };
};

/** What is under way: results being looked into, one that was corrected, a worksheet that waits to be verified. */
export async function loadMatters(tx: Tx): Promise<void> {
  const stage = await Stage.open(tx);
  const { now } = stage;
  const lots = lotsOf(now);
  const before = (count: number, hours: number) => workdayBefore(now, count, hours);
  const assay = (readings: Partial<Record<"area" | "standard" | "conc", string>>, standardLabel = "0.240"): Drawn =>
    stage.calculated("CHE-10", "assay", { area: "151240", standard: "152000", conc: "0.240", label: standardLabel, ...readings });
  const stated = (text: string): Drawn => ({ text, number: text, qualifier: null, interim: null });

  // 1. Phase I, opened the day before: nothing is assessed yet.
  const first = stage.add({
    product: "PCM-SYR",
    lot: lots.first,
    received: before(3, 8.2),
    chemist: 1,
    tests: { ph: [{ value: stated("5.62"), at: before(1, 9.4) }] },
  });
  stage.look(before(1, 10.3), analysts[1], { sample_id: first.id, result_id: first.result("ph").id, state: "phase-1" });

  // 2. Phase I is written, and its plan of a retest waits for somebody else's approval.
  const planned = stage.add({
    product: "SLB-SYR",
    lot: lots.planned,
    customer: "VALE",
    received: before(7, 8.1),
    tests: { assay: [{ value: assay({ area: "140904", standard: "151800" }), at: before(5, 11.2) }] },
  });
  stage.look(before(5, 12.4), analysts[0], {
    sample_id: planned.id,
    result_id: planned.result("assay").id,
    state: "retest-planned",
    checklist: answers(["kept", "The volumetric flask of the preparation has a chipped neck; its meniscus can't be read to the mark."]),
    cause: "laboratory-error",
    cause_text: "The flask of the preparation can't be filled to its mark exactly. Areas of both injections agree to 0.3 %, so the error lies before them.",
    hypothesis: "The preparation was diluted too far. The kept preparation is made up anew from its aliquot and injected against the same standard.",
    retests: 2,
    plan: "Two preparations from the retained sample by another analyst, in checked flasks, one injection each; both are told whatever they are.",
    planned_name: analysts[0],
  });

  // 3. A retest by a plan that was approved: the original stays, its repeat is still open.
  const out: Attempt = { value: assay({ area: "142310", standard: "151900" }), at: before(6, 10.6), more: { state: "retested", reason: "By the approved plan, from the retained sample." } };
  const retest = stage.add({
    product: "PCM-SYR",
    lot: lots.retest,
    received: before(8, 8.4),
    tests: { assay: [out, { value: null }] },
  });
  stage.look(before(6, 11.5), analysts[0], {
    sample_id: retest.id,
    result_id: retest.result("assay").id,
    state: "retest-approved",
    checklist: answers(["standard", "The working standard was weighed from a vial that had stood open over the weekend."]),
    cause: "laboratory-error",
    cause_text: "The standard had drawn water: its peak is four per cent larger for its weight than that of the run before.",
    retests: 1,
    plan: "One repeat from the retained sample by L. Brandt against a fresh standard.",
    planned_name: analysts[0],
    approved_name: head,
    approved_at: iso(before(5, 8.9)),
  });

  // 4. Phase II: the laboratory found nothing, the repeat agrees, and the loop itself is looked at.
  const received = before(14, 7.8);
  const firstCount = working(received + 122 * hourMs);
  const approved = working(firstCount + 20 * hourMs);
  const secondCount = working(approved + 122 * hourMs);
  const count = (colonies: string) => stage.calculated("MIC-01", "tamc", { colonies, volume: "100" });
  const wide = stage.add({
    product: "WFI",
    point: "WFI-03",
    received,
    tests: {
      tamc: [
        { value: count("17"), at: firstCount, more: { state: "retested", reason: "By the approved plan, from the retained sample." } },
        { value: count("15"), at: secondCount },
      ],
    },
  });
  stage.look(working(firstCount + 50 * minuteMs), microbiologist, {
    sample_id: wide.id,
    result_id: wide.result("tamc").id,
    state: "phase-2",
    checklist: answers(null),
    cause: "none-found",
    cause_text: "Filtration, media, incubation and negative control are in order; colonies lie over the whole membrane.",
    retests: 1,
    plan: "One repeat from the retained bottle, two membranes, read by a second person.",
    planned_name: microbiologist,
    approved_name: head,
    approved_at: iso(approved),
    scope: "Compounding vessel and its branch: slope of the dead leg, steaming records of the last four weeks, the neighbouring points. Lots made with this water since are named and held.",
  });

  // 5. A worksheet whose every result is in: one conditional, one beyond its warning limit.
  const sheet = await laySheet(stage, before(1, 7.3));
  const on = (position: number, value: Drawn): readonly Attempt[] => [
    { value, at: before(1, 12.6) + position * 4 * minuteMs, by: analysts[0], more: { worksheet_id: sheet, position } },
  ];
  stage.add({ product: "SLB-SYR", lot: lots.conditional, customer: "VALE", received: before(4, 8.1), tests: { assay: on(1, assay({ area: "158688" })) } });
  stage.add({ product: "PCM-SYR", lot: lots.warned, customer: "NORD", received: before(3, 8.6), tests: { assay: on(2, assay({ area: "157210" })) } });
  stage.add({ product: "RM-PCM", lot: `RM-${dayOf(now).slice(2, 4)}-117`, received: before(3, 9.1), tests: { assay: on(3, assay({ area: "151810" })) } });

  // 6. Verified, then unlocked because a reading was copied wrongly; the correction follows below.
  const corrected = stage.add({
    product: "SLB-SYR",
    lot: lots.unlocked,
    customer: "NORD",
    received: before(11, 8.3),
    tests: { assay: [{ value: assay({ conc: "0.248" }), at: before(8, 11.1) }] },
  });

  // 7. Verified with an override, published and certified.
  const overridden = stage.add({
    product: "PCM-SYR",
    lot: lots.overridden,
    customer: "NORD",
    received: before(24, 8.2),
    tests: { assay: [{ value: assay({ area: "150690" }), at: before(22, 9.8), more: { setup_id: await laySetup(tx) } }] },
    verified: { at: before(17, 11.2), by: reviewer },
    published: [{ at: before(16, 9.1), by: head }],
  });

  // 8. Certified, unlocked for its lot's sake, told and certified again: within its guard band.
  stage.add({
    product: "SLB-SYR",
    lot: lots.amended,
    customer: "VALE",
    received: before(40, 8.5),
    tests: { assay: [{ value: assay({ area: "158320" }), at: before(38, 10.3) }] },
    verified: { at: before(34, 10.7), by: reviewer },
    published: [
      { at: before(33, 9.2), by: head },
      { at: before(12, 13.1), by: head },
    ],
  });
  await stage.lay();
  await override(tx, overridden.result("assay"), { asked: before(22, 13.3), decided: before(21, 8.8) });
  await correct(tx, corrected, assay({}), before(1, 9.2));
  await layUnlock(tx, lots.amended, `Lot number copied wrongly at registration: ${lots.mistyped} in place of ${lots.amended}.`, before(12, 9.6), head);
}

async function laySheet({ tx }: Stage, at: number): Promise<string> {
  const [numbered] = await numbersInTime(tx, "worksheet", [at]);
  const id = uuidv7();
  const title = "Assay by HPLC, syrups";
  await insertAll(tx, "lab.worksheet", "lab.worksheet.bring_in", [
    { row: { id, ...numbered, title, state: "open", stated_at: iso(at) }, fields: { number: numbered?.number, title } },
  ]);
  return id;
}

/** The chromatograph whose maintenance was over its day, and what the assay was run against. */
async function laySetup(tx: Tx): Promise<string> {
  const machine = await tx.first(query.selectFrom("lab.instrument").select("id").where("number", "=", "HPLC-02"));
  const id = uuidv7();
  await insertAll(tx, "lab.setup", "lab.setup.create", [
    { row: { id, worksheet_id: null, number: 1, reason: null, by_name: analysts[0] }, fields: { method: "CHE-10" } },
  ]);
  await insertAll(tx, "lab.setup_item", "lab.setup_item.create", [
    { row: { id: uuidv7(), setup_id: id, instrument_id: machine?.id ?? null, lot_id: null }, fields: { instrument: "HPLC-02" } },
  ]);
  return id;
}

async function override(tx: Tx, of: ReturnType<Laid["result"]>, at: { readonly asked: number; readonly decided: number }): Promise<void> {
  const machine = await tx.first(query.selectFrom("lab.instrument").select("id").where("number", "=", "HPLC-02"));
  const due = dayOf(Date.parse(of.enteredAt) - 3 * 24 * hourMs);
  const row = {
    id: uuidv7(),
    result_id: of.id,
    gate: "instrument",
    holds: [`expired-maintenance:${machine?.id ?? ""}`],
    said: `HPLC-02: its maintenance was due ${due}.`,
    value: of.text,
    entered_at: of.enteredAt,
    reason: "System suitability passed before and after the sequence, with five replicates at 0.4 %. The service came two days later and found nothing.",
    state: "confirmed",
    asked_name: analysts[0],
    stated_at: iso(at.asked),
    decided_name: head,
    decided_at: iso(at.decided),
    decided_reason: "Suitability and service report looked through.",
  };
  await insertAll(tx, "lab.gate_override", "lab.gate_override.bring_in", [{ row, fields: { resultId: of.id, gate: row.gate, reason: row.reason } }]);
}

/** A result that is entered anew, with the reason: what it was stays as its first version. */
async function correct(tx: Tx, sample: Pick<Laid, "id" | "result">, value: Drawn, unlockedAt: number): Promise<void> {
  const reason = "Concentration of the standard was copied wrongly from the notebook, page 118: 0.248 in place of 0.240 mg/mL.";
  await layUnlockOf(tx, sample.id, reason, unlockedAt, head);
  await updateAll(tx, "lab.result", "lab.result.correct", [
    {
      row: { id: sample.result("assay").id, version: 1, text: value.text, number: value.number, interim: value.interim, reason, entered_name: analysts[0] },
      fields: { before: sample.result("assay").text, text: value.text, reason },
    },
  ]);
}

async function layUnlock(tx: Tx, lot: string, reason: string, at: number, by: string): Promise<void> {
  const sample = await tx.first(query.selectFrom("lab.sample").select("id").where("lot", "=", lot).orderBy("id", "desc"));
  if (sample !== undefined) await layUnlockOf(tx, sample.id, reason, at, by);
}
async function layUnlockOf(tx: Tx, sampleId: string, reason: string, at: number, by: string): Promise<void> {
  await insertAll(tx, "lab.unlock", "lab.unlock.bring_in", [
    { row: { id: uuidv7(), sample_id: sampleId, reason, stated_at: iso(at), stated_name: by }, fields: { reason } },
  ]);
}

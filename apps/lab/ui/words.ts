import type { Tone } from "@probity/web/kit/status.ts";
import type { SampleState, Verdict } from "./types.ts";

/** What this app's ledger actions and jobs are, in words. */
export const labWords: Readonly<Record<string, string>> = {
  "lab.sample.register": "Sample registered",
  "lab.sample.receive": "Sample received",
  "lab.sample.move": "Sample moved",
  "lab.sample.tested": "Sample tested",
  "lab.sample.retest": "Sample back to testing",
  "lab.sample.verify": "Sample verified",
  "lab.sample.publish": "Sample published",
  "lab.sample.unlock": "Sample unlocked",
  "lab.sample.reopen": "Sample opened again",
  "lab.sample.cancel": "Sample cancelled",
  "lab.sample.bring_in": "Sample brought in",
  "lab.sample.export": "List of samples exported",
  "lab.overview.export": "Figures by month exported",
  "lab.trail_review.open": "Audit-trail review opened",
  "lab.trail_review.lock": "Audit-trail review concluded",
  "lab.trail_review.export": "Audit-trail review exported",
  "lab.trail_mark.create": "Item of a review seen",
  "lab.worksheet.export": "List of worksheets exported",
  "lab.investigation.export": "List of investigations exported",
  "lab.result.export": "List of results exported",
  "lab.verification.list": "Results listed for verification",
  "lab.verification.lock": "Verification given",
  "lab.result.create": "Determination ordered",
  "lab.result.place": "Determination put on a worksheet",
  "lab.result.enter": "Result entered",
  "lab.result.verify": "Result verified",
  "lab.result.unlock": "Result unlocked",
  "lab.result.retest": "Retest ordered",
  "lab.result.cancel": "Determination cancelled",
  "lab.result.bring_in": "Result brought in",
  "lab.custody.create": "Custody changed",
  "lab.unlock.create": "Unlocking explained",
  "lab.publication.create": "Evaluation published",
  "lab.worksheet.create": "Worksheet made",
  "lab.worksheet.change": "Worksheet changed",
  "lab.worksheet.verify": "Worksheet verified",
  "lab.import_file.create": "File imported",
  "lab.product.create": "Product created",
  "lab.product.change": "Product changed",
  "lab.product.delete": "Product deleted",
  "lab.sampling_point.create": "Sampling point created",
  "lab.sampling_point.change": "Sampling point changed",
  "lab.sampling_point.delete": "Sampling point deleted",
  "lab.method.create": "Method created",
  "lab.method.change": "Method changed",
  "lab.method.delete": "Method deleted",
  "lab.method_version.create": "Method version put in force",
  "lab.method_version.approve": "Method version approved",
  "lab.method_version.refuse": "Method version refused",
  "lab.specification_version.approve": "Specification version approved",
  "lab.specification_version.refuse": "Specification version refused",
  "lab.specification.create": "Specification created",
  "lab.specification_version.create": "Specification version put in force",
  "lab.numbering.create": "Numbering set",
  "lab.numbering.change": "Numbering changed",
  "lab.investigation.open": "Investigation opened",
  "lab.investigation.assess": "Phase I assessed",
  "lab.investigation.plan": "Retest planned",
  "lab.investigation.approve": "Retest plan approved",
  "lab.investigation.send_back": "Retest plan sent back",
  "lab.investigation.widen": "Phase II written",
  "lab.investigation.conclude": "Investigation concluded",
  "lab.uncertainty_budget.propose": "Uncertainty budget proposed",
  "lab.uncertainty_budget.approve": "Uncertainty budget approved",
  "lab.uncertainty_budget.refuse": "Uncertainty budget not taken",
  "lab.trend.export": "Trend exported",
  "lab.control_chart.create": "Control chart made",
  "lab.control_chart.retire": "Control chart retired",
  "lab.control_chart.export": "Control chart exported",
  "lab.chart_limit.propose": "Control limits proposed",
  "lab.chart_limit.freeze": "Control limits frozen",
  "lab.chart_limit.refuse": "Control limits not taken",
  "lab.chart_limit.bring_in": "Control limits brought in",
  "lab.control_point.create": "Control put on a chart",
  "lab.control_evaluation.create": "Run judged by its controls",
  "lab.control_note.create": "Run commented",
  "lab.rule_set.create": "Rules put in force",
  "lab.schedule.create": "Schedule made",
  "lab.schedule_version.create": "Schedule version put in force",
  "lab.schedule_version.pause": "Schedule paused",
  "lab.schedule_slot.registered": "Slot registered",
  "lab.schedule_slot.missed": "Slot missed",
  "lab.schedule_slot.skipped": "Slot skipped",
  "lab.schedule_slot.paused": "Slot paused",
  "lab.schedule_slot.bring_in": "Slot brought in",
  "lab.study.create": "Stability study opened",
  "lab.study.bring_in": "Stability study brought in",
  "lab.study_protocol.create": "Stability protocol drafted",
  "lab.study_protocol.change": "Stability protocol changed",
  "lab.study_protocol.approve": "Stability protocol approved",
  "lab.study_protocol.bring_in": "Stability protocol brought in",
  "lab.study_batch.start": "Batch started in a study",
  "lab.study_batch.bring_in": "Batch of a study brought in",
  "lab.study_storage.create": "Units laid in",
  "lab.study_storage.bring_in": "Units brought in",
  "lab.study_pull.create": "Pull planned",
  "lab.study_pull.pull": "Pulled from storage",
  "lab.study_pull.omit": "Pull left out",
  "lab.study_pull.bring_in": "Pull brought in",
  "lab.study_evaluation.create": "Stability evaluation kept",
  "lab.study_evaluation.export": "Stability evaluation exported",
  "lab.load_sample": "Loading the sample laboratory",
  "lab.import_samples": "Importing samples",
  "lab.import_results": "Importing results",
};

export const verdictLook: Readonly<Record<Verdict, { tone: Tone; word: string }>> = {
  in: { tone: "covered", word: "in" },
  warn: { tone: "partial", word: "warning" },
  out: { tone: "gap", word: "out" },
  unclear: { tone: "partial", word: "unclear" },
  none: { tone: "none", word: "no limit" },
};

export const stateLook: Readonly<Record<SampleState, { tone: Tone; word: string }>> = {
  registered: { tone: "planned", word: "registered" },
  received: { tone: "none", word: "in testing" },
  tested: { tone: "partial", word: "to verify" },
  verified: { tone: "covered", word: "verified" },
  published: { tone: "sealed", word: "published" },
  cancelled: { tone: "none", word: "cancelled" },
};

/** Colour of a sample's rail: out of specification outranks where it stands. */
export function sampleTone(sample: { state: SampleState; verdict: Verdict | null }): Tone {
  if (sample.verdict === "out" || sample.verdict === "warn" || sample.verdict === "unclear")
    return verdictLook[sample.verdict].tone;
  return stateLook[sample.state].tone;
}

export const custodyWords: Readonly<Record<string, string>> = {
  received: "Received",
  moved: "Moved",
  "handed-over": "Handed over",
  opened: "Opened",
  returned: "Returned",
  disposed: "Disposed of",
};

/** Why an act is refused to whoever lacks its permission; undefined where they hold it. */
export function refusedBecause(
  may: readonly string[] | undefined,
  permission: string,
  who: string,
): string | undefined {
  return may === undefined || may.includes(permission)
    ? undefined
    : `This is for ${who}. What is here is safe; ask one of them.`;
}

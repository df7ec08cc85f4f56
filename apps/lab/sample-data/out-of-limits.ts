import { assessmentQuestions, type Answered } from "../actions/investigation-checklist.ts";
import type { Story } from "./season.ts";

/** What was found about a result out of its limits, in the words of who looked. */
export type Finding = NonNullable<Story["investigation"]>;

const slip = (question: Answered["question"], causeText: string, scope: string, conclusionText: string, capa: string) => ({
  question,
  finding: { cause: "laboratory-error", causeText, scope, conclusion: "laboratory-error", conclusionText, capa } as const satisfies Finding,
});

/** What goes wrong at a bench once in a while, by what was determined. */
const slips: Readonly<Record<string, ReturnType<typeof slip>>> = {
  conductivity: slip("instrument", "The cell had drawn an air bubble when it was dipped; it is seen on the photograph of the reading.", "Readings of the same morning, all taken before and after in order.", "The reading is the bubble's. Repeated from the same bottle by another analyst it is within its limits.", "CAPA-007"),
  toc: slip("sample", "The vial had been rinsed with tap water; its blank, kept, reads 640 µg/L.", "The other vials of the tray and the rinse log of the day.", "The carbon came from the vial. Repeated from the retained bottle in a fresh one the sample is within its limits.", "CAPA-016"),
  nitrate: slip("standard", "The 0.2 mg/L standard was two days past its date and reads 0.26.", "All nitrate readings since it was made up.", "The comparison was against a wrong standard. Repeated against a fresh one the sample is within its limits.", "CAPA-011"),
  endotoxin: slip("kept", "The tip box of the run was opened at another bench; its leachate gives 0.4 EU/mL.", "Four samples of the same plate; all repeated, all within their limits.", "The value is the tips'. Repeated with depyrogenated ones the sample is within its limits.", "CAPA-019"),
  tamc: slip("kept", "The colony lies outside the wetted membrane and is the one found on the settle plate beside the filter stand.", "Field blank and the negative control of the batch of plates.", "The colony came from the bench. A second membrane of the retained sample is within its limits.", "CAPA-012"),
  ph: slip("instrument", "The electrode had dried out overnight: slope 91 %, asymmetry 19 mV.", "Readings since the last check of the slope, two lots.", "The reading is the electrode's. With the new one the lot is within its limits.", "CAPA-009"),
  density: slip("data", "The temperature of the tube was entered as 25 °C and read at 20 °C.", "The tube's readings of the day.", "The value was compensated twice. Repeated at 20 °C the lot is within its limits.", "CAPA-013"),
  assay: slip("kept", "The flask of the sample was made up above its mark; it is kept and shows 2.1 mL too much.", "The other preparations of the sequence.", "The dilution was wrong. From a new preparation the lot is within its limits.", "CAPA-015"),
  lod: slip("talk", "The dish stood open beside the balance for four minutes before it was weighed.", "The three deliveries weighed that morning.", "The water came from the air of the room. Repeated with a closed dish the delivery is within its limits.", "CAPA-018"),
  settle: slip("sample", "The lid of the plate was cracked in transport; the colonies lie along the crack.", "The other plates of the rack.", "The plate was contaminated after it was taken. Its neighbour, exposed beside it, is within its limits.", "CAPA-022"),
};

/** The finding of a result, and phase I's answers to it: a deviation says what it was. */
export function findingOf(analyte: string, story: Story | undefined): { finding: Finding; checklist: Answered[] } {
  const usual = slips[analyte];
  if (story?.investigation !== undefined)
    return { finding: story.investigation, checklist: answers(story.investigation.cause === "none-found" ? null : ["standard", story.investigation.causeText]) };
  if (usual === undefined) throw new Error(`No finding for ${analyte}`);
  return { finding: usual.finding, checklist: answers([usual.question, usual.finding.causeText]) };
}

/** Every question in order, but the one that was found not to be. */
export function answers(deviation: readonly [question: Answered["question"], note: string] | null): Answered[] {
  return assessmentQuestions.map(({ key }) =>
    deviation?.[0] === key ? { question: key, answer: "deviation", note: deviation[1] } : { question: key, answer: "in-order", note: "" },
  );
}

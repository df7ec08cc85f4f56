import { sql } from "kysely";
import { everNamed, logState, type Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { result } from "../records/sample.ts";
import { attachmentsOf } from "./attachment-read.ts";
import { madeWith, trainedBy } from "./made-with.ts";
import { storyOf } from "./story.ts";
import { verificationsOver } from "./verification-view.ts";

/** Something shown of a result, and where it can be opened. */
export type Fact = {
  readonly label: string;
  readonly value: string;
  readonly opens?: {
    readonly kind: "instrument" | "lot" | "training" | "worksheet" | "events" | "result";
    readonly id: string;
  };
};
/** One of the nine principles (ALCOA+; WHO TRS 1033 Annex 4), with what the record shows of it. */
export type Principle = {
  readonly key: string;
  readonly title: string;
  /** What is asked, in one sentence. */
  readonly asks: string;
  readonly standing: "shown" | "partly" | "missing";
  readonly facts: readonly Fact[];
};

/** One result by the nine principles: everything an inspector asks about a number, where it is kept. */
export async function evidenceOf(tx: Tx, id: string) {
  const story = await storyOf(tx, id);
  const verifications =
    story.sampleId === null ? [] : await verificationsOver(tx, { sampleId: story.sampleId }, story.id);
  const used = await madeWith(tx, id, story.broughtIn);
  const trained = await trainedBy(tx, id);
  const overrides = await overridesOf(tx, id);
  const attachments = await attachmentsOf(tx, { result: id });
  const checkpoint = (await logState(tx))?.size ?? 0;
  const people = await everNamed(tx, result, [id], "entered_by");
  const first = story.versions.find((step) => step.act === "entered" || step.act === "brought in");
  const changes = story.versions.filter((step) => step.act === "changed");
  const leaves = story.versions.flatMap((step) => step.leaf ?? []);
  const covered = leaves.length > 0 && leaves.every((leaf) => leaf < checkpoint);
  const signature = verifications.findLast((each) => each.signature !== null)?.signature ?? null;
  const principles: Principle[] = [
    {
      key: "attributable",
      title: "Attributable",
      asks: "Who did it, and on what?",
      standing: first === undefined ? "missing" : story.broughtIn ? "partly" : "shown",
      facts: [
        fact("Entered by", story.enteredBy ?? first?.by ?? "nobody yet"),
        ...(people.length > 1 ? [fact("People who entered values", String(people.length))] : []),
        ...(story.verifiedBy === null ? [] : [fact("Verified by", story.verifiedBy)]),
        ...(first === undefined
          ? []
          : [fact("Trained", trained ?? untrained(story.broughtIn), { kind: "training", id })]),
        ...used.flatMap((each) => [
          fact(each.kind === "lot" ? "Lot" : "Instrument", `${each.name}: ${each.stood}`, each),
          ...(each.corrected === null ? [] : [fact("Named afterwards", each.corrected)]),
        ]),
        ...(used.length > 0 || first === undefined ? [] : [fact("Made with", "no instrument and no lot is named")]),
        ...(story.worksheet === null || story.worksheetId === null
          ? []
          : [fact("Worksheet", story.worksheet, { kind: "worksheet", id: story.worksheetId })]),
      ],
    },
    {
      key: "legible",
      title: "Legible",
      asks: "Can it be read, with its unit and what it stands for?",
      standing: story.text === null ? "missing" : "shown",
      facts: [
        fact("As entered", story.text === null ? "nothing" : `${story.text} ${story.unit}`.trim()),
        ...(story.reported === null ? [] : [fact("As reported", `${story.reported} ${story.unit}`.trim())]),
        ...Object.entries(story.interim).map(([key, value]) =>
          fact(story.fields.find((field) => field.key === key)?.name ?? key, value),
        ),
      ],
    },
    {
      key: "contemporaneous",
      title: "Contemporaneous",
      asks: "Was it recorded when it was done?",
      standing: first === undefined ? "missing" : story.broughtIn ? "partly" : "shown",
      facts: [
        ...(story.broughtIn ? [fact("Entered there", moment(story.enteredAt))] : []),
        fact(story.broughtIn ? "Brought in here" : "Recorded at", moment(first?.at ?? null)),
        fact(
          "Clock",
          story.broughtIn
            ? "the first as it was stated there, the second this server's"
            : "this server's; none is taken from a request",
        ),
      ],
    },
    {
      key: "original",
      title: "Original",
      asks: "Is the first value, or the file it came in, still there?",
      standing: story.original === null ? "missing" : "shown",
      facts: [
        ...(story.original === null
          ? []
          : [
              fact(
                "First entered",
                story.broughtIn
                  ? `${story.original.text} by ${story.enteredBy ?? "nobody named"}, as stated there`
                  : `${story.original.text} by ${story.original.by}`,
              ),
            ]),
        ...(story.file === null
          ? [
              fact(
                "Source",
                story.broughtIn ? "brought in from elsewhere" : (sourceWords[story.source ?? ""] ?? "keyboard"),
              ),
            ]
          : [fact("File", story.file.name), fact("SHA-256", story.file.sha256 ?? "")]),
        ...attachments.map((each) =>
          fact(
            each.struckReason === null ? "Beside it" : "Struck out",
            `${each.name}, sha-256 ${each.sha256}${each.struckReason === null ? "" : `: ${each.struckReason} (${each.struckBy ?? "Probity"})`}`,
          ),
        ),
        ...(story.attempts.length > 1 ? [fact("Determined", `${story.attempts.length} times, all kept`)] : []),
        ...story.attempts
          .filter((each) => each.id !== id)
          .map((each) =>
            fact(`Attempt ${each.attempt}`, `${each.text ?? "open"}: ${each.state}`, { kind: "result", id: each.id }),
          ),
      ],
    },
    {
      key: "accurate",
      title: "Accurate",
      asks: "Was it checked by somebody else, against what it was to be held to?",
      standing: story.verifiedBy === null ? "missing" : signature === null ? "partly" : "shown",
      facts: [
        fact("Limit", story.limit === "" ? "none" : story.limit),
        fact("Verdict", story.words ?? "–"),
        ...(story.rule === "" ? [] : [fact("Decision rule", story.rule)]),
        fact("Signature", signature === null ? "none" : `${signature.printedName}: ${signature.meaning}`),
        ...overrides.map((each) => fact("Override", each)),
      ],
    },
    {
      key: "complete",
      title: "Complete",
      asks: "Is every change there, with its reason?",
      standing: changes.every((step) => step.reason !== null) ? "shown" : "missing",
      facts: [
        fact("Versions", `${story.versions.length}, numbered without a gap`),
        fact("Changes of the value", changes.length === 0 ? "none" : String(changes.length)),
        ...changes.map((step) =>
          fact(`${step.before ?? ""} → ${step.text ?? ""}`, `${step.reason ?? "no reason"} (${step.by})`),
        ),
      ],
    },
    {
      key: "consistent",
      title: "Consistent",
      asks: "Are times and steps in order?",
      standing: isOrdered(story.versions) ? "shown" : "missing",
      facts: [
        fact("Steps", story.versions.map((step) => step.act).join(", ")),
        fact("Method", `${story.method.code} v${story.method.number}, frozen at registration`),
      ],
    },
    {
      key: "enduring",
      title: "Enduring",
      asks: "Can it still be changed or lost?",
      standing: story.state === "verified" ? "shown" : "partly",
      facts: [
        fact("Locked", story.state === "verified" ? "yes, by its verification" : `not yet: ${story.state}`),
        fact("Leaves in the log", leaves.length === 0 ? "waiting for their place" : leaves.join(", "), {
          kind: "events",
          id,
        }),
      ],
    },
    {
      key: "available",
      title: "Available",
      asks: "Can it be shown, copied and proved elsewhere?",
      standing: covered ? "shown" : "partly",
      facts: [
        fact("Signed checkpoint", checkpoint === 0 ? "none yet" : `covers the first ${checkpoint} events`),
        fact("Copies", "CSV, JSON and PDF of its sample; the ledger bundle proves them offline"),
      ],
    },
  ];
  return { story, principles, verifications, used, attachments, checkpoint, covered, mayExport: await mayExport(tx) };
}

const sourceWords: Readonly<Record<string, string>> = {
  keyboard: "typed at this server",
  import: "read from a file",
  calculated: "calculated here from typed values",
};

function moment(at: Date | null): string {
  return at === null ? "–" : `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

function fact(label: string, value: string, opens?: Fact["opens"]): Fact {
  return opens === undefined ? { label, value } : { label, value, opens: { kind: opens.kind, id: opens.id } };
}

function untrained(broughtIn: boolean): string {
  return broughtIn
    ? "not known here; the result was brought in"
    : "no training on this version was on record when it was entered";
}

function isOrdered(steps: readonly { version: number; at: Date }[]): boolean {
  return steps.every((step, index) => {
    const before = steps[index - 1];
    return before === undefined || (step.version === before.version + 1 && step.at.getTime() >= before.at.getTime());
  });
}

/** Whether the caller may take the proof out of the log, so that the page says it beforehand. The door decides. */
async function mayExport(tx: Tx): Promise<boolean> {
  const row = await tx.first(
    query.selectNoFrom(sql<boolean>`'kernel.ledger.export' = any (kernel.permissions_of(${tx.who.actorId}))`.as("may")),
  );
  return row?.may === true;
}

async function overridesOf(tx: Tx, resultId: string): Promise<string[]> {
  const rows = await tx.all(
    query
      .selectFrom("lab.gate_override")
      .select(["gate", "reason", "asked_name", "decided_name", "state"])
      .where("result_id", "=", resultId)
      .orderBy("id"),
  );
  return rows.map(
    (row) => `${row.gate}, ${row.state}: ${row.reason} (${row.asked_name}, ${row.decided_name ?? "undecided"})`,
  );
}

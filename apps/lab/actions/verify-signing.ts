import { sql } from "kysely";
import { defineSigning, everNamed, type Kernel, type SigningSubject, type Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { verification } from "../records/verification.ts";
import { result } from "../records/sample.ts";
import { resultColumns } from "./present.ts";
import { placeOf, readVerification, sameLines, underInvestigation, verifyListed } from "./verify.ts";
import { verifyProblem } from "./verify-error.ts";

/** One signature over a whole list of results, however long: it verifies them in its own transaction, or does not exist. */
defineSigning({
  record: verification,
  steps: [
    {
      id: "verify",
      title: "Verification",
      state: "verified",
      permission: "lab.result.verify",
      meanings: [
        "Verified: results, calculations and raw data were reviewed and agree with the method",
        "Verified, with the results out of specification looked at",
      ],
      signers: 1,
      independent: true,
      reason: "optional",
    },
  ],
  // A list stays what was signed; what it verified is opened again by unlocking the sample.
  unlock: null,
  subject: verificationSubject,
  signed: async (_, tx, given) => {
    await verifyListed(tx, given.rowId, given.printedName);
  },
});

/**
 * What a verification stands for: every result with all that was entered, judged and recorded of it, by its version. People
 * appear by their pseudonym. A result that changed since the list was made refuses signature and challenge alike.
 */
async function verificationSubject(_: Kernel, tx: Tx, id: string): Promise<SigningSubject> {
  const { target, lines } = await readVerification(tx, id);
  const ids = Object.keys(lines);
  const { column, ids: of } = placeOf(target);
  const named =
    "sampleIds" in target
      ? undefined
      : await tx.first(
          "sampleId" in target
            ? query.selectFrom("lab.sample").select("number").where("id", "=", target.sampleId)
            : query.selectFrom("lab.worksheet").select("number").where("id", "=", target.worksheetId),
        );
  const rows = await tx.all(
    query
      .selectFrom("lab.result as r")
      .leftJoin("lab.sample as s", "s.id", "r.sample_id")
      .select([...resultColumns, "r.verification_id", "s.number as sample", "s.specification_version_id"])
      .where(sql<boolean>`r.${sql.ref(column)} = any(${of}::uuid[])`)
      .where("r.deleted_at", "is", null)
      .orderBy("r.id"),
  );
  const waiting = rows.filter((row) => row.state === "entered");
  const signed = rows.some((row) => row.verification_id === id);
  if (!signed && (rows.some((row) => row.state === "open") || !sameLines(lines, versionsOf(waiting))))
    throw verifyProblem.list_moved();
  if (!signed && "sampleIds" in target && (await underInvestigation(tx, waiting)).size > 0)
    throw verifyProblem.list_moved();
  const own = rows.filter((row) => lines[row.id] !== undefined);
  const out = own.filter((row) => row.verdict === "out" || row.verdict === "unclear").length;
  const changed = own.filter((row) => row.reason !== null).length;
  const people = [...new Set(own.flatMap((row) => row.entered_name ?? []))];
  const samples = [...new Set(own.flatMap((row) => row.sample ?? []))];
  return {
    title: `Verification of ${named?.number ?? `${samples.length} samples`}`,
    facts: [
      { label: "Results", value: String(own.length) },
      { label: "Samples", value: saySamples(samples, "sampleIds" in target) },
      { label: "Out of specification", value: out === 0 ? "none" : String(out) },
      { label: "Changed after entry", value: changed === 0 ? "none" : `${changed}, each with its reason` },
      { label: "Entered by", value: people.join(", ") },
    ],
    content: {
      ...target,
      number: named?.number ?? null,
      results: own.map((row) => ({
        id: row.id,
        version: lines[row.id] ?? null,
        sample: row.sample,
        specificationVersion: row.specification_version_id,
        method: row.method_version_id,
        kind: row.kind,
        analyte: row.analyte,
        name: row.name,
        unit: row.unit,
        attempt: row.attempt,
        replaces: row.replaces_id,
        text: row.text,
        number: row.number,
        qualifier: row.qualifier,
        interim: row.interim,
        limits: row.limits,
        verdict: row.verdict,
        reason: row.reason,
        source: row.source,
        enteredAt: row.entered_at,
        enteredBy: row.entered_by,
      })),
    },
    authors: await everNamed(tx, result, ids, "entered_by"),
  };
}

/** Of a selection every number: who signs sees which they are. */
function saySamples(samples: readonly string[], all: boolean): string {
  return samples.length > 4 && !all ? String(samples.length) : samples.join(", ");
}

function versionsOf(rows: readonly { id: string; version: number }[]): Record<string, number> {
  return Object.fromEntries(rows.map((row) => [row.id, row.version]));
}

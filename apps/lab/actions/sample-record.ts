import { csvOf, versionsOf, type Tx } from "@probity/kernel";
import { result as resultRecord, sample as sampleRecord } from "../records/sample.ts";
import { attachmentsOf } from "./attachment-read.ts";
import { correctionsOf } from "./correct.ts";
import { genealogyOf } from "./genealogy.ts";
import { custodyOf, publicationsOf, readSample, resultsOfSample, unlocksOf } from "./sample-view.ts";
import { overridesOfSample } from "./override-told.ts";
import { storyOf } from "./story.ts";
import { verificationsOver } from "./verification-view.ts";

/** Everything there is of one sample: facts, every version of everything, signatures, family, and where the log proves it. */
export async function recordOf(tx: Tx, id: string) {
  const facts = await readSample(tx, id);
  const results = await resultsOfSample(tx, id);
  const stories = [];
  // oxlint-disable-next-line no-await-in-loop -- one connection
  for (const each of results) stories.push(await storyOf(tx, each.id));
  const versions = await versionsOf(tx, sampleRecord, [id]);
  return {
    v: "1" as const,
    kind: "probity.lab.sample-record" as const,
    madeAt: new Date().toISOString(),
    sample: facts,
    sampleVersions: versions.get(id) ?? [],
    results: stories,
    resultVersions: Object.fromEntries(
      await versionsOf(
        tx,
        resultRecord,
        results.map((each) => each.id),
      ),
    ),
    custody: await tx.all(custodyOf(id)),
    unlocks: await tx.all(unlocksOf(id)),
    corrections: await tx.all(correctionsOf(id)),
    attachments: await attachmentsOf(tx, { sample: id }),
    verifications: await verificationsOver(tx, { sampleId: id }),
    overrides: await overridesOfSample(tx, id),
    publications: await tx.all(publicationsOf(id)),
    genealogy: await genealogyOf(tx, id),
  };
}
export type SampleRecord = Awaited<ReturnType<typeof recordOf>>;

/** One line a step of each result: who, when, what, why, and its leaf. */
export function recordCsv(record: SampleRecord): string {
  const columns = [
    "sample",
    "result",
    "attempt",
    "unit",
    "version",
    "at",
    "by",
    "act",
    "value",
    "before",
    "reason",
    "reported",
    "limit",
    "verdict",
    "method",
    "worksheet",
    "file",
    "leaf",
  ];
  const rows = record.results.flatMap((each) =>
    each.versions.map((step) => ({
      sample: record.sample.number,
      result: each.name,
      attempt: each.attempt,
      unit: each.unit,
      version: step.version,
      at: step.at,
      by: step.by,
      act: step.act,
      value: step.text,
      before: step.act === "changed" ? step.before : null,
      reason: step.reason,
      reported: step.version === each.version ? each.reported : null,
      limit: each.limit,
      verdict: step.version === each.version ? each.verdict : null,
      method: `${each.method.code} v${each.method.number}`,
      worksheet: each.worksheet,
      file: each.file === null ? null : `${each.file.name} sha-256 ${each.file.sha256 ?? ""}`,
      leaf: step.leaf,
    })),
  );
  const files = record.attachments.flatMap((each) => {
    const added = {
      sample: record.sample.number,
      result: each.of,
      version: 1,
      at: each.at,
      by: each.by,
      act: "file added",
      value: each.name,
      reason: each.note,
      file: `${each.name} sha-256 ${each.sha256}`,
      leaf: each.leaf,
    };
    if (each.struckReason === null) return [added];
    const struck = {
      version: each.version,
      at: each.struckAt,
      by: each.struckBy,
      reason: each.struckReason,
      leaf: null,
    };
    return [added, { ...added, ...struck, act: "file struck out" }];
  });
  return csvOf(columns, [...rows, ...files]);
}

import { hex, utf8 } from "./encoding.ts";
import { FormatError, UsageError } from "./format-error.ts";
import { weighEvidence } from "./evidence.ts";
import { Explanations } from "./explain.ts";
import { Findings } from "./finding.ts";
import type { ProofBundle } from "./format.ts";
import { runLater } from "./hash.ts";
import { canonicalText } from "./leaf.ts";
import { checkLeaves } from "./opening.ts";
import { readProofBundle } from "./read-line.ts";
import { TreeCheck } from "./tree-check.ts";
import { Keys, logOf } from "./trust.ts";
import { verdictOf, type Verdict } from "./verdict.ts";
import { nothing } from "./bundle.ts";
import type { VerifyOptions } from "./bundle-state.ts";

/** Verifies a proof bundle: one leaf, what is shown of it, and that it lies under a signed checkpoint. */
export async function verifyProof(text: string, options: VerifyOptions): Promise<Verdict> {
  let proof: ProofBundle;
  try {
    proof = readProofBundle(text);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { ...nothing(error.message), kind: "proof" };
  }
  const findings = new Findings();
  try {
    return await check(proof, options, findings);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const none = nothing(error.message);
    return {
      ...none,
      kind: "proof",
      origin: proof.origin,
      outcome: "TAMPERED",
      findings: [{ sort: "fault", text: error.message }],
    };
  }
}

async function check(proof: ProofBundle, options: VerifyOptions, findings: Findings): Promise<Verdict> {
  const { provider } = options;
  const keys = await Keys.of(proof.origin, options.keys ?? [], proof.vkeys, provider);
  const newest = await keys.openLog(proof.checkpoint);
  const tree = new TreeCheck(provider.hashAll, findings);
  const [leaf] = await runLater(checkLeaves([proof]), provider.hashAll);
  if (leaf === undefined) throw new Error("A proof without its leaf");
  const body = leaf.body ?? {};
  const signed = newest.signers.length > 0;
  if (newest.fault !== undefined) findings.add("fault", newest.fault);
  else if (!signed && keys.pinned.log) findings.add("fault", "The checkpoint is not signed by the key you brought");
  else if (!signed) findings.add("remark", "No known key signed the checkpoint");
  if (keys.strange) findings.add("gap", "None of the keys you brought is for this log");
  if (logOf(newest.checkpoint.origin) !== logOf(proof.origin))
    findings.add("fault", "The checkpoint is of another log");
  if (leaf.fault !== undefined) findings.add("fault", leaf.fault, proof.index);
  const tenant = body["tenant"] ?? "";
  if (leaf.body !== undefined && !logOf(proof.origin).endsWith(`/logs/${tenant}`))
    findings.add("fault", "The leaf is of another workspace than the log", proof.index);
  const included = await tree.includes(proof, leaf.hash, newest.checkpoint);
  if (!included) findings.add("fault", "The leaf is not in the signed log", proof.index);
  const platforms = proof.platform === undefined ? [] : [proof.platform];
  const evidence = signed
    ? await weighEvidence({ platforms, anchors: proof.anchors ?? [] }, newest, keys, provider, findings)
    : undefined;
  if (keys.needsPlatform && (evidence?.platforms.length ?? 0) === 0)
    findings.add("gap", "The key you brought is the platform log's, and the file does not lead to it");
  let keptFits = false;
  if (options.checkpoint !== undefined) {
    const kept = await keys.openLog(options.checkpoint);
    if (logOf(kept.checkpoint.origin) !== logOf(proof.origin))
      throw new UsageError(`The checkpoint is of ${kept.checkpoint.origin}, the file of ${proof.origin}`);
    const relation = await tree.relation(kept.checkpoint, newest.checkpoint);
    if (kept.signers.length === 0)
      findings.add("fault", "The checkpoint you kept and this file are not signed by the same key");
    else if (relation === "other") findings.add("fault", "The checkpoint you kept is of another history");
    else if (relation === "same") keptFits = true;
    else findings.add("remark", "A proof of one leaf can't be connected with the checkpoint you kept");
  }
  // Of a single leaf its maker may keep fields back: it claims nothing of the rest of the log.
  const explanations = new Explanations();
  if (signed && included) explanations.note(leaf, findings);
  const fields = explanations.settle(findings, true);
  if (leaf.unopened) findings.add("remark", "The leaf's fields are not shown", proof.index);
  const enclosed = await enclosedOf(proof, leaf.values, provider.hashAll);
  if (enclosed === null)
    findings.add("fault", "The document in the file is not the one the leaf commits to", proof.index);
  options.onLeaf?.({
    index: proof.index,
    body,
    values: leaf.values,
    closed: leaf.closed,
    ...(leaf.fault === undefined ? {} : { fault: leaf.fault }),
  });
  const verdict = verdictOf({
    kind: "proof",
    head: { origin: proof.origin, tenant },
    keys,
    kept: keptFits,
    newest,
    evidence,
    findings,
    restores: [],
    range: { from: proof.index, to: proof.index + 1 },
    filtered: false,
    lastLeafAt: proof.index + 1 === newest.checkpoint.size ? (body["at"] ?? "") : "",
    counts: {
      leaves: 1,
      verified: signed && included && leaf.fault === undefined ? 1 : 0,
      fieldsShown: Object.keys(leaf.values).length,
      fieldsErased: 0,
      fieldsClosed: fields.closed,
      rows: proof.record === undefined ? 0 : 1,
      checkpoints: 1,
      anchors: evidence?.anchors ?? 0,
      erasures: 0,
      restores: 0,
    },
  });
  return enclosed === undefined || enclosed === null ? verdict : { ...verdict, enclosed };
}

/** The document that came along, where the leaf commits to it; null where it commits to another, or shows to none. */
async function enclosedOf(
  { enclosed }: ProofBundle,
  values: Readonly<Record<string, string>>,
  hashAll: VerifyOptions["provider"]["hashAll"],
): Promise<ProofBundle["enclosed"] | null> {
  if (enclosed === undefined) return undefined;
  const [hash] = await hashAll([utf8(canonicalText(enclosed.document))]);
  return hash !== undefined && values[enclosed.field] === `"${hex(hash)}"` ? enclosed : null;
}

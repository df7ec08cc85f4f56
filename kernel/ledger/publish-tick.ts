import {
  checkpointText,
  consistencyRanges,
  Frontier,
  hashRow,
  keyIdOf,
  noteText,
  proofOf,
  signatureLine,
} from "@probity/verify";
import { compute } from "@probity/verify/node";
import { originOf, platformLeaf, platformLogId } from "./platform.ts";
import { haltOf, isWhole, rootAt, type Halt } from "./publish-check.ts";
import { isPlatform, type GrownLog, type PublishStore, type SignedLog } from "./publish-store.ts";
import { GrownTree, hashesOf, type FullTile } from "./publish-tree.ts";
import type { SignAnswer, SignRequest } from "./signer-core.ts";
import type { Signer } from "./signer.ts";
import type { SignedHead } from "./signer-state.ts";

/** What a publisher holds while its turn lasts. */
export type Turn = {
  readonly store: PublishStore;
  readonly signer: Signer;
  readonly host: string;
  readonly publicKey: Buffer;
  /** What the signer signed last, by origin. */
  readonly signed: Map<string, SignedHead>;
  readonly halted: Map<string, Halt>;
  /** The platform log as it was published last. */
  platform: GrownLog;
  /** Called between two steps: where a test ends the process. */
  readonly step: (name: TickStep) => void;
};
export type TickStep = "grown" | "computed" | "platform" | "signed" | "published";

type Prepared = {
  readonly log: GrownLog;
  readonly origin: string;
  readonly tree: GrownTree;
  readonly root: Buffer;
  readonly text: string;
  readonly tiles: FullTile[];
  readonly request: SignRequest;
};

/** The signer refused what was thought safe: what it remembers is not what the publisher thinks. */
export class SignerDisagrees extends Error {}

/**
 * One tick: the logs that grew get new edges and tiles, the platform log one leaf over their checkpoints, the signer one
 * batch, the database one write. Every step can be the last: what came before is found again from leaves and signer.
 * Answers how many logs were published.
 */
export async function tick(turn: Turn, most: { readonly leaves: number; readonly logs: number }): Promise<number> {
  const { store, signer, halted } = turn;
  if (halted.has(platformLogId)) return 0;
  const grown = await store.grown(most, [...halted.keys()]);
  turn.step("grown");
  const prepared: Prepared[] = [];
  for (const log of grown) {
    const one = await prepare(turn, log);
    if ("reason" in one) halted.set(log.logId, one);
    else prepared.push(one);
  }
  if (prepared.length === 0) return 0;
  turn.step("computed");

  const heads = platformLeaf(prepared, new Date());
  const index = turn.platform.head;
  await store.appendPlatform(index, heads.bytes);
  turn.platform = { ...turn.platform, head: index + 1 };
  turn.step("platform");
  const fresh = await store.leafHashes(platformLogId, turn.platform.from, index + 1);
  const platform = await prepare(turn, {
    ...turn.platform,
    upto: turn.platform.from + fresh.length,
    hashes: Buffer.concat(fresh),
  });
  if ("reason" in platform) {
    halted.set(platformLogId, platform);
    return 0;
  }

  const all = [...prepared, platform];
  const answers = await signer.sign(all.map(({ request }) => request));
  turn.step("signed");
  const refused = all.filter((one, at) => halts(turn, one, answers[at]));
  // What was signed of the others is remembered by the signer, and is found again in the next round.
  if (refused.length > 0) throw new SignerDisagrees(refused.map(({ origin }) => origin).join(", "));
  const logs = all.map((one, at) => signedLog(turn, one, answers[at], isPlatform(one.log) ? null : { index, heads }));
  await store.publish(logs);
  turn.step("published");
  for (const { origin, request } of all) turn.signed.set(origin, { origin, size: request.size, root: request.root });
  turn.platform = platformAfter(platform);
  return prepared.length;
}

/** Whether the signer refused a log; one that merely did not know where the signer stood is tried again, others are halted. */
function halts({ halted }: Turn, { log, origin }: Prepared, answer: SignAnswer | undefined): boolean {
  if (answer !== undefined && "signature" in answer) return false;
  if (answer !== undefined && answer.refused !== "stale") {
    const reason = answer.refused === "undeclared" || answer.refused === "ended" ? "signer_lost" : answer.refused;
    halted.set(log.logId, haltOf(log, { origin, size: answer.size, root: answer.root }, reason));
  }
  return true;
}

/** A log's growth with the signer's proof, or why it goes no further. */
async function prepare(turn: Turn, log: GrownLog): Promise<Prepared | Halt> {
  const origin = log.origin ?? originOf(turn.host, log.logId, log.epoch);
  const signed = turn.signed.get(origin);
  if (!isWhole(log)) return haltOf(log, signed ?? { origin, size: 0, root: "" }, "forked");
  const last = signed?.size ?? 0;
  // A crash came between signing and storing: at least as much as was signed is taken up at once.
  const upto = Math.max(log.upto, last);
  const given = hashesOf(log.hashes);
  const more = upto > log.upto ? await turn.store.leafHashes(log.logId, log.upto, upto) : [];
  const hashes = [...given, ...more];
  if (hashes.length !== upto - log.from)
    return haltOf(log, signed ?? { origin, size: log.size, root: "" }, last > log.head ? "rolled_back" : "damaged");
  const leading = hashes.slice(0, log.size - log.from);
  const tree = new GrownTree(log.size, hashesOf(log.frontier), hashes.slice(log.size - log.from));
  const root = tree.root();
  const proof = await proofFrom(turn, log, tree, signed);
  if (proof === undefined) return haltOf(log, signed ?? { origin, size: 0, root: "" }, "forked");
  const tiles = await tree.fullTiles(leading, (level, from, to) => turn.store.tileRoots(log.logId, level, from, to));
  const request = { origin, old: last, size: upto, root: root.toString("base64"), proof };
  return { log, origin, tree, root, text: checkpointText(origin, upto, root), tiles, request };
}

/** The consistency proof from what the signer signed last; undefined where this log does not continue it. */
async function proofFrom(
  turn: Turn,
  log: GrownLog,
  tree: GrownTree,
  signed: SignedHead | undefined,
): Promise<string | undefined> {
  if (signed === undefined) return "";
  if (signed.size >= tree.before) {
    if (tree.root(signed.size).toString("base64") !== signed.root) return undefined;
    return signed.size === tree.size
      ? ""
      : hashRow(compute(proofOf(consistencyRanges(signed.size, tree.size), tree.at)));
  }
  // Another server's signer went further: this one's memory is taken from where it stood, once.
  const base = Frontier.of(0, []);
  if ((await rootAt(turn.store, log.logId, base, signed.size)) !== signed.root) return undefined;
  const leaves = await turn.store.leafHashes(log.logId, signed.size, tree.size);
  const whole = new GrownTree(signed.size, base.hashes(), leaves);
  return whole.root().equals(tree.root())
    ? hashRow(compute(proofOf(consistencyRanges(signed.size, tree.size), whole.at)))
    : undefined;
}

function signedLog(
  turn: Turn,
  { log, origin, tree, root, text, tiles }: Prepared,
  answer: SignAnswer | undefined,
  platform: { readonly index: number; readonly heads: ReturnType<typeof platformLeaf> } | null,
): SignedLog {
  if (answer === undefined || "refused" in answer)
    throw new SignerDisagrees(`${origin}: ${answer?.refused ?? "no answer"}`);
  const keyId = compute(keyIdOf(origin, 1, turn.publicKey));
  return {
    logId: log.logId,
    origin,
    epoch: log.epoch,
    size: tree.size,
    root,
    frontier: Buffer.concat(tree.frontier()),
    note: noteText(text, [signatureLine(origin, keyId, Buffer.from(answer.signature, "base64"))]),
    platformIndex: platform?.index ?? null,
    head: platform?.heads.placeOf(origin) ?? null,
    tiles,
  };
}

function platformAfter({ log, origin, tree, root }: Prepared): GrownLog {
  return platformState({
    ...log,
    origin,
    size: tree.size,
    root,
    frontier: Buffer.concat(tree.frontier()),
  });
}

/** The platform log's place to grow from: its tile's start, where the next leaf could fill one. */
export function platformState(log: Omit<GrownLog, "from" | "upto" | "hashes">): GrownLog {
  return { ...log, from: Math.floor(log.size / 256) * 256, upto: log.size, hashes: Buffer.alloc(0) };
}

import { checkpointText, epochAction, keyIdOf, noteText, signatureLine } from "@probity/verify";
import { compute } from "@probity/verify/node";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { systemActorId } from "../work/credential.ts";
import { canonicalText } from "./canonical.ts";
import { makeLeaf, type Opening } from "./leaf.ts";
import { originOf, platformLogId } from "./platform.ts";
import type { Halt } from "./publish-check.ts";
import type { PublishStore } from "./publish-store.ts";
import type { Signer } from "./signer.ts";

const haltSchema = Type.Array(
  Type.Object({
    logId: Type.String(),
    origin: Type.String(),
    epoch: Type.Integer(),
    reason: Type.Union(
      (["rolled_back", "forked", "signer_lost", "damaged"] as const).map((each) => Type.Literal(each)),
    ),
    from: Type.Integer(),
    to: Type.Integer(),
    root: Type.String(),
    note: Type.Optional(Type.String()),
    holder: Type.Optional(Type.String()),
  }),
);
const readHalts = Compile(haltSchema);

/**
 * Lets halted logs go on once two owners have declared the restore: the old names end in the signer's memory, the new ones
 * begin, each with the declaration as a leaf. Answers whether anything went on. A declaration that says another thing than what
 * is halted now is not the one that was confirmed, and is left alone.
 */
export async function resumeDeclared(
  store: PublishStore,
  signer: Signer,
  host: string,
  halted: readonly Halt[],
): Promise<boolean> {
  const [row] = await store.call("select * from kernel.ledger_resume_ready($1)", []);
  if (row === undefined) return false;
  const declared: Halt[] = readHalts.Parse(row["halted"]).filter(({ reason }) => reason !== "damaged");
  const names = new Map(declared.map((halt) => [halt.origin, halt]));
  const same = halted
    .filter(({ reason }) => reason !== "damaged")
    .every((halt) => names.get(halt.origin)?.from === halt.from || halt.reason === "signer_lost");
  if (!same || declared.length === 0) return false;
  const owners = Array.isArray(row["owners"]) ? row["owners"].map(String) : [];

  // 1. The last checkpoint before, which the restored database may not have: the signer signs again what it signed last.
  const { publicKey } = await signer.heads();
  const again = declared.filter(({ root, note }) => root !== "" && note === undefined);
  const signatures = await signer.sign(
    again.map(({ origin, to, root }) => ({ origin, old: to, size: to, root, proof: "" })),
  );
  const notes = new Map(
    declared.flatMap(({ origin, note }): [string, string][] => (note === undefined ? [] : [[origin, note]])),
  );
  for (const [origin, note] of again.map(({ origin, to, root }, index) => {
    const answer = signatures[index];
    if (answer === undefined || "refused" in answer) throw new Error(`The last checkpoint of ${origin} is not signed`);
    const line = signatureLine(origin, compute(keyIdOf(origin, 1, publicKey)), Buffer.from(answer.signature, "base64"));
    return [origin, noteText(checkpointText(origin, to, Buffer.from(root, "base64")), [line])] as const;
  }))
    notes.set(origin, note);

  // 2. The signer ends the old names before the database takes the new ones: a crash between finds the declaration again.
  const next = declared.map((halt) => ({ ...halt, name: originOf(host, halt.logId, halt.epoch + 1) }));
  await signer.continue(next.map(({ origin, name }) => ({ ended: origin, origin: name, owners })));

  // 3. The new epochs, and their leaves.
  const leaves = next.map((halt) => epochLeaf(halt, notes.get(halt.origin) ?? "", owners));
  await store.call("select kernel.ledger_continue($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)", [
    row["id"],
    next.map(({ logId }) => logId),
    next.map(({ epoch }) => epoch + 1),
    next.map(({ name }) => name),
    next.map(({ origin }) => origin),
    next.map(({ from }) => from),
    next.map(({ to }) => to),
    next.map(({ origin }) => notes.get(origin) ?? ""),
    JSON.stringify(owners),
    leaves.map(({ bytes }) => bytes),
    leaves.map(({ openings }) => JSON.stringify(openings)),
  ]);
  return true;
}

/** The declaration as a leaf: what it says is for everybody to read, so its fields keep their values. */
function epochLeaf(
  { logId, from, to }: Halt,
  old: string,
  owners: readonly string[],
): { readonly bytes: Buffer; readonly openings: Readonly<Record<string, Opening>> } {
  const fields = { lost: [from, to], old, owners };
  if (logId === platformLogId) {
    const body = { action: epochAction, at: new Date().toISOString(), lost: `${from}-${to}`, old, v: "1" };
    return { bytes: Buffer.from(canonicalText(body), "utf8"), openings: {} };
  }
  const leaf = makeLeaf(
    { tenantId: logId, actorId: systemActorId },
    { address: null, requestId: "restore" },
    { action: epochAction, fields },
  );
  const values = new Map<string, unknown>(Object.entries(fields));
  const openings = Object.fromEntries(
    Object.entries(leaf.openings).map(([name, opening]) => [
      name,
      { salt: opening.salt, value: canonicalText(values.get(name)) },
    ]),
  );
  return { bytes: leaf.bytes, openings };
}

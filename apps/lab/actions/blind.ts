import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { Type, type Static } from "typebox";
import { Value } from "typebox/value";
import { openValue, sealValue, type Kernel, type Tx } from "@probity/kernel";
import { insertAll, updateAll, type NewRow } from "../bulk.ts";
import { query } from "../query.ts";
import { nameOfActor } from "./save-result.ts";

const text = Type.Union([Type.String(), Type.Null()]);
const coveredSchema = Type.Object({
  product_id: Type.String(),
  sampling_point_id: text,
  specification_version_id: text,
  customer_id: text,
  lot: text,
  remark: text,
  sampled_by: text,
  find: Type.String(),
});
/** What a blind covers: everything of a sample that says whose or of what it is. */
export type Covered = Static<typeof coveredSchema>;
/** The workspace's keys, taken in the running transaction. */
export type Keys = Awaited<ReturnType<Kernel["files"]["keysOf"]>>;

export function readCovered(kept: unknown): Covered {
  if (!Value.Check(coveredSchema, kept)) throw new Error("What a blind covers is not of its shape");
  return kept;
}

const record = "lab.blind";
const place = (tx: Tx, sampleId: string) => [tx.who.tenantId, record, sampleId, "covered"];

/** What stands in the sample's own row instead. */
export function coverOf(number: string, productId: string) {
  return {
    product_id: productId,
    sampling_point_id: null,
    specification_version_id: null,
    customer_id: null,
    lot: null,
    remark: null,
    sampled_by: null,
    find: number.toLowerCase(),
    blinded: true,
  };
}

/** The row that keeps what is covered, readable with the workspace's key alone; its leaf names the sample. */
export function blindRow(tx: Tx, keys: Keys, sample: { id: string; number: string }, covered: Covered): NewRow {
  const sealed = sealValue(
    keys.data,
    Buffer.from(JSON.stringify({ key: keys.dataKeyId, covered })),
    place(tx, sample.id),
  );
  const kept = Buffer.concat([Buffer.from(keys.dataKeyId.replaceAll("-", ""), "hex"), sealed]);
  return {
    row: { id: uuidv7(), sample_id: sample.id, sealed: kept.toString("base64") },
    fields: { sample: sample.number },
  };
}

/** Opens the blind of a sample, with the reason; answers what it covered. */
export async function openBlind(tx: Tx, keys: Keys, sampleId: string, reason: string): Promise<Covered | undefined> {
  const row = await tx.first(
    query
      .selectFrom("lab.blind")
      .select(["id", "version", "sealed"])
      .where("sample_id", "=", sampleId)
      .where("opened_at", "is", null)
      .forUpdate(),
  );
  if (row === undefined) return undefined;
  const kept = Buffer.from(row.sealed, "base64");
  const keyId = kept
    .subarray(0, 16)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  const opened = openValue(keys.byId(keyId), kept.subarray(16), place(tx, sampleId));
  const said: unknown = JSON.parse(opened.toString("utf8"));
  const covered: unknown = typeof said === "object" && said !== null && "covered" in said ? said.covered : undefined;
  await updateAll(tx, "lab.blind", "lab.blind.open", [
    { row: { id: row.id, version: row.version, reason, opened_name: await nameOfActor(tx) }, fields: { reason } },
  ]);
  return readCovered(covered);
}

/** The product a blinded sample shows in place of its own. */
export async function blindedProduct(tx: Tx): Promise<string> {
  const known = await tx.first(
    query.selectFrom("lab.product").select("id").where("code", "=", "BLINDED").where("deleted_at", "is", null),
  );
  if (known !== undefined) return known.id;
  const id = uuidv7();
  const fields = { code: "BLINDED", name: "Blinded sample", kind: "finished" };
  await insertAll(tx, "lab.product", "lab.product.create", [{ row: { id, ...fields }, fields }]);
  return id;
}

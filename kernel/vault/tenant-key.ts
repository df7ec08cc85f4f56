import { createSecretKey, randomBytes, type KeyObject, randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import type { RootKey } from "./root-key.ts";
import { openValue, sealValue } from "./seal.ts";

/** A tenant's keys in the clear, in memory alone. `data` seals content; `index` makes keyed hashes that find it again. */
export type TenantKeys = {
  readonly dataKeyId: string;
  readonly data: KeyObject;
  readonly index: KeyObject;
  byId(id: string): KeyObject;
};

/** Each tenant's own keys, wrapped under the root key. */
export class TenantKeyring {
  readonly #rootKey: RootKey;
  readonly #keys = new Map<string, TenantKeys>();

  constructor(rootKey: RootKey) {
    this.#rootKey = rootKey;
  }

  /** Makes a new tenant's keys, in the transaction that founds it. */
  async create(tx: Tx): Promise<void> {
    for (const purpose of ["data", "index"] as const) {
      const id = uuidv7();
      const wrapped = sealValue(this.#rootKey.key, randomBytes(32), [tx.who.tenantId, id, purpose]);
      await tx.record({
        action: "kernel.tenant_key.create",
        record: "kernel.tenant_key",
        rowId: id,
        version: 1,
        fields: { purpose, rootKeyId: this.#rootKey.id },
      });
      await tx.all(
        query.insertInto("kernel.tenant_key").values({ id, purpose, root_key_id: this.#rootKey.id, wrapped }),
      );
    }
  }

  /** The bound tenant's keys; the newest data key seals, every older one still opens. */
  async of(tx: Tx): Promise<TenantKeys> {
    const known = this.#keys.get(tx.who.tenantId);
    if (known) return known;
    const rows = await tx.all(
      query
        .selectFrom("kernel.tenant_key")
        .select(["id", "purpose", "root_key_id", "wrapped"])
        .where("deleted_at", "is", null)
        .orderBy("created_at", "desc"),
    );
    const opened = rows.map((row) => {
      if (row.root_key_id !== this.#rootKey.id)
        throw new Error(`Key ${row.id} is wrapped under root key ${row.root_key_id}, which is not here`);
      return {
        id: row.id,
        purpose: row.purpose,
        key: createSecretKey(openValue(this.#rootKey.key, row.wrapped, [tx.who.tenantId, row.id, row.purpose])),
      };
    });
    const data = opened.find((each) => each.purpose === "data");
    const index = opened.find((each) => each.purpose === "index");
    if (!data || !index) throw new Error(`Tenant ${tx.who.tenantId} has no keys`);
    const keys: TenantKeys = {
      dataKeyId: data.id,
      data: data.key,
      index: index.key,
      byId: (id) => {
        const found = opened.find((each) => each.id === id);
        if (!found) throw new Error(`Key ${id} is unknown here`);
        return found.key;
      },
    };
    this.#keys.set(tx.who.tenantId, keys);
    return keys;
  }

  /** Forgets a tenant's keys in this process: after a rotation, and when the tenant is closed. */
  forget(tenantId: string): void {
    this.#keys.delete(tenantId);
  }
}

import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Tx } from "../work/door.ts";
import { doorProblem } from "../work/error.ts";
import { query } from "../work/query.ts";
import { policyProblem } from "./error.ts";
import {
  fitsPolicy,
  isPolicyName,
  isPreset,
  policies,
  policyChoices,
  type PolicyName,
  type PolicyValue,
  type Preset,
} from "./policy.ts";

export type PolicyInForce = {
  readonly name: PolicyName;
  readonly title: string;
  readonly effect: string;
  readonly unit: string;
  /** What one may choose from; null where the value is typed. */
  readonly choices: readonly { readonly value: string | boolean; readonly label: string }[] | null;
  /** What a value must fit, as JSON Schema: least and most, or the form of its items. */
  readonly bounds: object;
  readonly value: unknown;
  readonly presetValue: unknown;
  readonly differs: boolean;
  /** Zero while the preset's value stands. */
  readonly version: number;
  readonly changedBy: string | null;
  readonly changedAt: Date | null;
  readonly reason: string | null;
};

/** The value of one policy in the bound workspace: its own, else its preset's. */
export async function policyValue<N extends PolicyName>(tx: Tx, name: N): Promise<PolicyValue<N>> {
  const row = await tx.first(query.selectFrom("kernel.policy_value").select("value").where("name", "=", name));
  const value: unknown = row === undefined ? policies[name].presets[await presetOf(tx)] : row.value;
  // A stored value that no longer fits was checked when it was written: the policy's own bounds have changed since.
  if (!fitsPolicy(name, value)) throw new Error(`Policy ${name} holds a value it may not`);
  return value;
}

/** Every policy with its value in force, who changed it, when and why. */
export async function policiesInForce(tx: Tx): Promise<PolicyInForce[]> {
  const preset = await presetOf(tx);
  const rows = await tx.all(
    query.selectFrom("kernel.policy_value").select(["name", "value", "version", "updated_by", "updated_at", "reason"]),
  );
  const own = new Map(rows.map((row) => [row.name, row]));
  return policyNames().map((name) => {
    const { title, effect, unit, presets, schema } = policies[name];
    const row = own.get(name);
    const presetValue: unknown = presets[preset];
    const value: unknown = row ? row.value : presetValue;
    return {
      name,
      title,
      effect,
      unit,
      choices: policyChoices(name),
      bounds: schema,
      value,
      presetValue,
      differs: JSON.stringify(value) !== JSON.stringify(presetValue),
      version: row?.version ?? 0,
      changedBy: row?.updated_by ?? null,
      changedAt: row?.updated_at ?? null,
      reason: row?.reason ?? null,
    };
  });
}

type PolicyVersion = {
  readonly version: number;
  readonly before: unknown;
  readonly value: unknown;
  readonly at: Date;
  readonly by: string;
  readonly reason: string | null;
};

/** Every version of one policy, the newest first, each beside the value it took the place of; none while the preset's stands. */
export async function policyHistory(tx: Tx, name: PolicyName): Promise<PolicyVersion[]> {
  const preset: unknown = policies[name].presets[await presetOf(tx)];
  const rows = await tx.all(
    query
      .selectFrom("kernel.policy_value as p")
      .innerJoin("kernel.version_history as h", (join) =>
        join.onRef("h.tenant_id", "=", "p.tenant_id").onRef("h.row_id", "=", "p.id"),
      )
      .select(["h.version", "h.at", "h.actor_id", "h.body"])
      .where("p.name", "=", name)
      .where("h.record", "=", "kernel.policy_value")
      .orderBy("h.version"),
  );
  let before = preset;
  const versions = rows.map((row) => {
    const kept = row.body !== null && typeof row.body === "object" ? new Map(Object.entries(row.body)) : new Map();
    const reason = kept.get("reason");
    const value: unknown = kept.get("value");
    const made = { version: row.version, before, value, at: row.at, by: row.actor_id };
    before = value;
    return { ...made, reason: typeof reason === "string" ? reason : null };
  });
  return versions.toReversed();
}

/** Changes one policy: typed, versioned, with its reason and leaf. `version` is the one the caller saw, 0 for a preset's. */
export async function changePolicy(
  tx: Tx,
  name: PolicyName,
  value: unknown,
  version: number,
  reason: string,
): Promise<number> {
  if (!fitsPolicy(name, value)) throw policyProblem.value_outside({ values: { name } });
  const row = await tx.first(
    query.selectFrom("kernel.policy_value").select(["id", "version"]).where("name", "=", name).forUpdate(),
  );
  const current = row?.version ?? 0;
  if (current !== version) throw doorProblem.stale({ values: { current, given: version } });
  const id = row?.id ?? uuidv7();
  await tx.record({
    action: "kernel.policy.change",
    record: "kernel.policy_value",
    rowId: id,
    version: current + 1,
    fields: { name, value, reason },
  });
  const json = JSON.stringify(value);
  if (row) await tx.all(query.updateTable("kernel.policy_value").set({ value: json, reason }).where("id", "=", id));
  else await tx.all(query.insertInto("kernel.policy_value").values({ id, name, value: json, reason }));
  return current + 1;
}

/** Writes the gate values of a preset that differ from the door's own defaults, when a workspace is founded. */
export async function layPreset(tx: Tx, preset: string): Promise<void> {
  if (!isPreset(preset)) throw policyProblem.preset_unknown({ values: { preset: preset.slice(0, 40) } });
  for (const name of ["session.idleMinutes", "session.absoluteHours", "access.sharing"] as const) {
    const value = policies[name].presets[preset];
    if (value !== policies[name].presets["regulatory-docs"]) await changePolicy(tx, name, value, 0, `Preset ${preset}`);
  }
}

function policyNames(): PolicyName[] {
  return Object.keys(policies).filter(isPolicyName);
}

async function presetOf(tx: Tx): Promise<Preset> {
  const row = await tx.first(query.selectFrom("kernel.workspace").select("preset"));
  const preset = row?.preset ?? "";
  if (!isPreset(preset)) throw new Error(`Workspace of unknown preset ${preset}`);
  return preset;
}

import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { Type } from "typebox";
import { Value } from "typebox/value";
import type { Kernel } from "../kernel.ts";
import type { AccountLimit, AccountLimits } from "../limits/account-limit.ts";
import { instanceTenantId } from "../work/credential.ts";
import { doorProblem } from "../work/error.ts";
import { query } from "../work/query.ts";
import { policyProblem } from "./error.ts";

/** Limits of who is nobody yet, as policies of the instance: the operator makes them stricter than the configuration, never laxer. */
export const instancePolicies = {
  signIn: {
    title: "Failed sign-ins before a pause",
    effect:
      "So many wrong passwords or codes pause sign-in for the account, and from the address, until the time is over.",
    configuredBy: "PROBITY_SIGN_IN_LIMIT",
  },
  registration: {
    title: "Registrations from one address",
    effect: "Further registrations from the same address wait until the time is over.",
    configuredBy: "PROBITY_REGISTRATION_LIMIT",
  },
} as const satisfies Record<keyof AccountLimits, { title: string; effect: string; configuredBy: string }>;
export type InstancePolicyName = keyof typeof instancePolicies;

export function isInstancePolicy(name: string): name is InstancePolicyName {
  return Object.hasOwn(instancePolicies, name);
}

export type InstancePolicy = {
  readonly name: InstancePolicyName;
  readonly value: AccountLimit;
  /** What the configuration allows at most; in force while nothing stricter was set. */
  readonly ceiling: AccountLimit;
  /** Zero while the configuration's value stands. */
  readonly version: number;
  readonly changedBy: string | null;
  readonly changedAt: Date | null;
  readonly reason: string | null;
};

const stored = Type.Object({
  attempts: Type.Integer({ minimum: 1, maximum: 1000 }),
  windowMinutes: Type.Integer({ minimum: 1, maximum: 1440 }),
  by: Type.String({ minLength: 1, maxLength: 100, pattern: "\\S" }),
});
type Row = {
  readonly name: string;
  readonly value: unknown;
  readonly version: number;
  readonly updated_at: Date;
  readonly reason: string;
};

/** The limits in force: what the operator set, within what the configuration allows. Read anew every few seconds. */
export class InstanceLimits implements AccountLimits {
  readonly #ceiling: AccountLimits;
  #rows: ReadonlyMap<string, Row> = new Map();

  constructor(ceiling: AccountLimits) {
    this.#ceiling = ceiling;
  }
  get signIn(): AccountLimit {
    return this.policy("signIn").value;
  }
  get registration(): AccountLimit {
    return this.policy("registration").value;
  }

  policy(name: InstancePolicyName): InstancePolicy {
    const ceiling = this.#ceiling[name];
    const row = this.#rows.get(`instance.${name}`);
    if (row === undefined || !Value.Check(stored, row.value))
      return { name, value: ceiling, ceiling, version: 0, changedBy: null, changedAt: null, reason: null };
    const { attempts, windowMinutes, by } = row.value;
    // The configuration may have become stricter since: the stricter of each holds.
    const value = {
      attempts: Math.min(attempts, ceiling.attempts),
      windowMinutes: Math.max(windowMinutes, ceiling.windowMinutes),
    };
    const { version, updated_at: changedAt, reason } = row;
    return { name, value, ceiling, version, changedBy: by, changedAt, reason };
  }
  policies(): InstancePolicy[] {
    return Object.keys(instancePolicies)
      .filter(isInstancePolicy)
      .map((name) => this.policy(name));
  }

  /** Reads what was set, by whatever server or command. */
  async refresh(kernel: Pick<Kernel, "door" | "system">): Promise<void> {
    const rows = await kernel.door.work(kernel.system(instanceTenantId), "kernel.session.note", (tx) =>
      tx.all(
        query
          .selectFrom("kernel.policy_value")
          .select(["name", "value", "version", "updated_at", "reason"])
          .where("name", "like", "instance.%"),
      ),
    );
    this.#rows = new Map(rows.map((row) => [row.name, row]));
  }

  /** Reads now and every few seconds until stopped: a change made elsewhere is in force here that soon. */
  async follow(
    kernel: Pick<Kernel, "door" | "system">,
    onProblem: (error: unknown) => void,
    everyMs = 5_000,
  ): Promise<{ stop(): void }> {
    await this.refresh(kernel);
    const timer = setInterval(() => void this.refresh(kernel).catch(onProblem), everyMs);
    timer.unref();
    return { stop: () => clearInterval(timer) };
  }
}

/**
 * Sets one limit for the whole instance: typed, no laxer than the configuration, with who, why and the version that was
 * seen. It leaves its event in the instance's own log. Answers the new version.
 */
export async function changeInstancePolicy(
  kernel: Pick<Kernel, "door" | "system" | "accountLimits">,
  change: { name: string; value: AccountLimit; version: number; reason: string; by: string },
): Promise<number> {
  const { name, reason, by } = change;
  if (!isInstancePolicy(name)) throw policyProblem.unknown();
  const { ceiling } = kernel.accountLimits.policy(name);
  const { attempts, windowMinutes } = change.value;
  const value = { attempts, windowMinutes, by };
  if (!Value.Check(stored, value) || attempts > ceiling.attempts || windowMinutes < ceiling.windowMinutes)
    throw policyProblem.laxer_than_configured({
      values: {
        attempts: ceiling.attempts,
        minutes: ceiling.windowMinutes,
        variable: instancePolicies[name].configuredBy,
      },
    });
  const made = await kernel.door.work(kernel.system(instanceTenantId), "kernel.instance.change", async (tx) => {
    const row = await tx.first(
      query
        .selectFrom("kernel.policy_value")
        .select(["id", "version"])
        .where("name", "=", `instance.${name}`)
        .forUpdate(),
    );
    const current = row?.version ?? 0;
    if (current !== change.version) throw doorProblem.stale({ values: { current, given: change.version } });
    const id = row?.id ?? uuidv7();
    await tx.record({
      action: "kernel.instance_policy.change",
      record: "kernel.policy_value",
      rowId: id,
      version: current + 1,
      fields: { name: `instance.${name}`, value: `${attempts} in ${windowMinutes} minutes`, by, reason },
    });
    const json = JSON.stringify(value);
    if (row) await tx.all(query.updateTable("kernel.policy_value").set({ value: json, reason }).where("id", "=", id));
    else
      await tx.all(
        query.insertInto("kernel.policy_value").values({ id, name: `instance.${name}`, value: json, reason }),
      );
    return current + 1;
  });
  await kernel.accountLimits.refresh(kernel);
  return made;
}

export type InstancePolicyVersion = {
  readonly version: number;
  readonly value: string;
  readonly by: string;
  readonly reason: string;
  readonly at: Date;
};

/** Every version of one limit, the newest first. */
export async function instancePolicyHistory(
  kernel: Pick<Kernel, "door" | "system">,
  name: InstancePolicyName,
): Promise<InstancePolicyVersion[]> {
  const rows = await kernel.door.work(kernel.system(instanceTenantId), "kernel.session.note", (tx) =>
    tx.all(
      query
        .selectFrom("kernel.version_history as h")
        .innerJoin("kernel.policy_value as v", "v.id", "h.row_id")
        .select(["h.version", "h.body", "h.at"])
        .where("v.name", "=", `instance.${name}`)
        .orderBy("h.version", "desc"),
    ),
  );
  return rows.flatMap(({ version, body, at }) => {
    const part: unknown = typeof body === "object" && body !== null ? Reflect.get(body, "value") : undefined;
    const reason: unknown = typeof body === "object" && body !== null ? Reflect.get(body, "reason") : undefined;
    if (!Value.Check(stored, part)) return [];
    return [
      { version, at, by: part.by, reason: String(reason), value: `${part.attempts} in ${part.windowMinutes} minutes` },
    ];
  });
}

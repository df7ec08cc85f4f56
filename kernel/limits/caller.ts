import { hash } from "node:crypto";
import { fitsPolicy, isPreset, policies } from "../policy/policy.ts";
import type { Door } from "../work/door.ts";
import { claimOf, type Budget, type BudgetSpender, type Claim } from "./budget.ts";

/** Kinds of calls that count for their caller and the caller's workspace; every other kind counts for the address. */
export type CallerKind = "api" | "upload" | "analysis" | "billing";
export const callerKinds: readonly CallerKind[] = ["api", "upload", "analysis", "billing"];

/** How many times one person's budget all of a workspace has together. */
export const workspaceShare = 20;

/** What each kind of call takes a unit of: the budget of who calls (access tokens of one key count together), then their workspace's. */
type Caller = Readonly<Record<CallerKind, readonly Claim[]>>;

const names = [
  "limit.apiPerSecond",
  "limit.apiBurst",
  "limit.uploadsPerHour",
  "limit.analysesPerHour",
  "limit.billingPerHour",
] as const;
const rememberedMs = 15_000;
/** Tokens of one address that may be looked up and turn out to be nobody's. Those somebody has don't count. */
export const lookUps: Budget = { name: "look-up", limit: 100, windowSeconds: 2, block: 20 };

type Spender = Pick<BudgetSpender, "spend" | "spendEach" | "giveBack">;

/**
 * Spends a call's budget for who makes it: the person or key, and their workspace, by the workspace's policy (APP-02). A
 * credential nobody knows counts for its address: made-up ones don't bring a budget of their own each.
 */
export class CallerLimits {
  readonly #door: Pick<Door, "callFunction">;
  readonly #spender: Spender;
  readonly #known = new Map<string, { readonly until: number; readonly caller: Promise<Caller | undefined> }>();

  constructor(door: Pick<Door, "callFunction">, spender: Spender) {
    this.#door = door;
    this.#spender = spender;
  }

  /**
   * Takes one unit for the caller, or throws 429. `fallback` is the budget of an address, for whom nobody knows; `digest` is
   * the token's SHA-256 where it was made already.
   */
  async spend(
    kind: CallerKind,
    call: {
      readonly token: string | null;
      readonly digest?: string | undefined;
      readonly workspace: string | undefined;
      readonly network: string;
    },
    fallback: Budget,
  ): Promise<void> {
    if (call.token === null) return this.#spender.spend(fallback, call.network);
    // As text: node:crypto makes each binary answer a buffer of its own, which costs twice the hash.
    const hashed = call.digest ?? hash("sha256", call.token, "base64url");
    const key = call.workspace === undefined ? hashed : `${hashed}|${call.workspace}`;
    const now = Date.now();
    const known = this.#known.get(key);
    const isKnown = known !== undefined && known.until > now;
    const looking = isKnown ? known.caller : this.#lookUp(Buffer.from(hashed, "base64url"), call, fallback.block);
    if (!isKnown) {
      if (this.#known.size > 20_000) this.#known.clear();
      this.#known.set(key, { until: now + rememberedMs, caller: looking });
      looking.catch(() => this.#known.delete(key));
    }
    const caller = await looking;
    if (caller === undefined) return this.#spender.spend(fallback, call.network);
    await this.#spender.spendEach(caller[kind]);
  }

  /** The address pays before anything is looked up, and gets it back for a token that somebody has: a guess costs no query. */
  async #lookUp(
    hashed: Buffer,
    call: { readonly workspace: string | undefined; readonly network: string },
    block: number,
  ): Promise<Caller | undefined> {
    await this.#spender.spend(lookUps, call.network);
    const caller = await this.#read(hashed, call.workspace, block);
    if (caller !== undefined) this.#spender.giveBack(lookUps, call.network);
    return caller;
  }

  async #read(hashed: Buffer, workspace: string | undefined, block: number): Promise<Caller | undefined> {
    const [row] = await this.#door.callFunction({
      sql: "select * from kernel.caller_limits($1, $2, $3)",
      parameters: [hashed, workspace ?? null, [...names]],
    });
    if (row === undefined) return undefined;
    const own = row["own"];
    const preset = String(row["preset"]);
    const value = (name: (typeof names)[number]): number => {
      const stored: unknown = typeof own === "object" && own !== null ? Reflect.get(own, name) : undefined;
      if (fitsPolicy(name, stored)) return stored;
      return policies[name].presets[isPreset(preset) ? preset : "regulatory-docs"];
    };
    const rate = value("limit.apiPerSecond");
    // A window holds the burst: twenty at ten a second are twenty in two seconds.
    const windowSeconds = Math.max(1, Math.round(value("limit.apiBurst") / rate));
    const budgets = {
      api: { name: "api", limit: Math.max(rate, value("limit.apiBurst")), windowSeconds, block: block },
      upload: { name: "upload", limit: value("limit.uploadsPerHour"), windowSeconds: 3600, block: block },
      analysis: { name: "analysis", limit: value("limit.analysesPerHour"), windowSeconds: 3600, block: 1 },
      billing: { name: "billing", limit: value("limit.billingPerHour"), windowSeconds: 3600, block: 1 },
    };
    const claims = (budget: Budget): Claim[] => [
      claimOf(bounded(budget), String(row["person_id"])),
      claimOf(bounded(ofWorkspace(budget)), String(row["tenant_id"])),
    ];
    return {
      api: claims(budgets.api),
      upload: claims(budgets.upload),
      analysis: claims(budgets.analysis),
      billing: claims(budgets.billing),
    };
  }
}

function ofWorkspace(budget: Budget): Budget {
  return { ...budget, name: `workspace-${budget.name}`, limit: budget.limit * workspaceShare };
}

/** One server holds at most half of a budget unspent, so that another finds something too. */
function bounded(budget: Budget): Budget {
  return { ...budget, block: Math.max(1, Math.min(budget.block, Math.floor(budget.limit / 2))) };
}

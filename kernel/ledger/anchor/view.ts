import { sql } from "kysely";
import type { Anchor } from "@probity/verify";
import type { HomeItem } from "../../app.ts";
import { policyValue } from "../../policy/store.ts";
import { memberNames } from "../../tenancy/lookup.ts";
import type { Tx } from "../../work/door.ts";
import { query } from "../../work/query.ts";
import { listTargets, type AnchorTarget } from "./target.ts";

/** One thing that left, or failed to. */
export type AnchorLine = {
  readonly id: string;
  readonly kind: string;
  readonly at: Date;
  readonly holder: string;
  readonly outcome: string;
  /** Of the log: the platform's for a witness and a time-stamp, the workspace's for a copy. */
  readonly size: number | null;
  readonly problem: string | null;
  readonly hasProof: boolean;
};

export type Standing = {
  readonly targets: readonly AnchorTarget[];
  readonly anchors: readonly AnchorLine[];
  /** Who holds a checkpoint now: each holder once, with the newest it got. Empty is a state, and said. */
  readonly holders: readonly {
    readonly kind: string;
    readonly holder: string;
    readonly at: Date;
    readonly size: number;
  }[];
  readonly quorum: { readonly needed: number; readonly have: number; readonly witnesses: number };
  readonly policy: { readonly copyHours: number; readonly witnessMinutes: number };
};

const freshMs = 86_400_000;
const shown = 400;

/** Everything that was given outside, and how it stands now. */
export async function standingOf(tx: Tx, now = Date.now()): Promise<Standing> {
  const targets = await listTargets(tx);
  const names = await memberNames(tx);
  const own = await tx.all(
    query
      .selectFrom("kernel.anchor")
      .select(["id", "kind", "at", "holder", "outcome", "size", "problem", "actor_id"])
      .select(sql<boolean>`proof is not null`.as("has_proof"))
      .where("tenant_id", "=", tx.who.tenantId)
      .orderBy("at", "desc")
      .limit(shown),
  );
  const stamps = await instanceStamps(tx, shown);
  const anchors = [
    ...own.map((row) => ({
      id: row.id,
      kind: row.kind,
      at: row.at,
      holder: row.actor_id === null ? row.holder : (names.get(row.actor_id) ?? row.holder),
      outcome: row.outcome,
      size: row.size === null ? null : Number(row.size),
      problem: row.problem,
      hasProof: row.has_proof,
    })),
    ...stamps.map(({ id, at, holder, outcome, size, problem, proof }) => {
      return { id, at, holder, outcome, size, problem, kind: "rfc3161", hasProof: proof !== null };
    }),
  ].toSorted((a, b) => b.at.getTime() - a.at.getTime());
  const holders = new Map<string, Standing["holders"][number]>();
  for (const { kind, holder, at, size, outcome } of anchors) {
    const key = `${kind}\n${holder}`;
    if (outcome === "done" && size !== null && !holders.has(key)) holders.set(key, { kind, holder, at, size });
  }
  const witnesses = targets.filter((target) => target.kind === "witness").length;
  const have = witnessesFresh(targets, now);
  return {
    targets,
    anchors: anchors.slice(0, shown),
    holders: [...holders.values()],
    quorum: { needed: await policyValue(tx, "anchor.quorum"), have, witnesses },
    policy: {
      copyHours: await policyValue(tx, "anchor.copyHours"),
      witnessMinutes: await policyValue(tx, "anchor.witnessMinutes"),
    },
  };
}

type StampRow = {
  id: string;
  at: Date;
  holder: string;
  outcome: string;
  size: number | null;
  note: string | null;
  proof: string | null;
  problem: string | null;
};

/** The instance's time-stamps, the newest first: they cover every workspace's log through the platform's. */
export async function instanceStamps(tx: Tx, limit: number): Promise<StampRow[]> {
  const call = sql<StampRow>`select * from kernel.instance_anchors(${limit})`;
  const rows = await tx.all({ compile: () => call.compile(query) });
  return rows.map((row) => ({ ...row, size: row.size === null ? null : Number(row.size) }));
}

/** One anchor, to be handed on: the note, and the cosignature or the time-stamp over it. */
export async function anchorOf(
  tx: Tx,
  id: string,
): Promise<{ kind: string; note: string; proof: string | null } | undefined> {
  const own = await tx.first(
    query
      .selectFrom("kernel.anchor")
      .select(["kind", "note", "proof"])
      .where("id", "=", id)
      .where("tenant_id", "=", tx.who.tenantId),
  );
  const found =
    own ?? (await instanceStamps(tx, shown)).map((row) => ({ ...row, kind: "rfc3161" })).find((row) => row.id === id);
  if (found === undefined || found.note === null) return undefined;
  return { kind: found.kind, note: found.note, proof: found.proof };
}

/** What a bundle carries of what lies outside: the newest of each holder (verify/format.ts, Anchor). */
export async function anchorsForBundle(tx: Tx): Promise<Anchor[]> {
  const rows = await tx.all(
    query
      .selectFrom("kernel.anchor")
      .distinctOn(["kind", "holder"])
      .select(["kind", "holder", "at", "note", "proof"])
      .where("tenant_id", "=", tx.who.tenantId)
      .where("outcome", "=", "done")
      .orderBy("kind")
      .orderBy("holder")
      .orderBy("at", "desc")
      .limit(50),
  );
  const anchors: Anchor[] = [];
  for (const { kind, holder, at, note, proof } of rows) {
    if (note === null) continue;
    if (kind === "witness" && proof !== null) anchors.push({ type: "witness", note: `${note}${proof}` });
    else if (kind !== "witness") anchors.push({ type: "copy", note, to: heldBy(kind, holder), at: at.toISOString() });
  }
  const stamp = (await instanceStamps(tx, 10)).find((row) => row.outcome === "done");
  if (stamp && stamp.note !== null && stamp.proof !== null)
    anchors.push({ type: "rfc3161", note: stamp.note, token: stamp.proof });
  return anchors;
}

/** Whose copy it is, for readers elsewhere: the place, and nobody's name. */
function heldBy(kind: string, holder: string): string {
  if (kind === "download") return "a member";
  if (kind === "mail") return `a mailbox at ${holder.split("@", 2)[1] ?? "an address"}`;
  return URL.canParse(holder) ? new URL(holder).host : holder;
}

/**
 * All of it, with the keys of the witnesses. That a copy was sent the file can only say; but it was signed, and what was
 * signed once the log must stand by: one that went back or became another shows in its own export.
 */
export async function outsideEvidence(tx: Tx): Promise<{ anchors: Anchor[]; vkeys: string[] }> {
  const anchors = await anchorsForBundle(tx);
  const witnesses = await tx.all(
    query
      .selectFrom("kernel.anchor_target")
      .select("vkey")
      .where("kind", "=", "witness")
      .where("deleted_at", "is", null),
  );
  return { anchors, vkeys: [...new Set(witnesses.flatMap(({ vkey }) => vkey ?? []))] };
}

/** What waits for owners and admins: fewer witnesses than the policy asks for, or a holder that can't be reached. */
export async function anchorHome(tx: Tx, workspaceSlug: string): Promise<HomeItem[]> {
  if (tx.who.role !== "owner" && tx.who.role !== "admin") return [];
  const targets = await listTargets(tx);
  const have = witnessesFresh(targets, Date.now());
  const needed = await policyValue(tx, "anchor.quorum");
  const failing = targets.filter(
    ({ failingSince }) => failingSince !== null && Date.now() - failingSince.getTime() > freshMs,
  );
  if (have >= needed && failing.length === 0) return [];
  return [
    {
      urgency: "today",
      verb: "Look at",
      object: "who holds the log",
      detail:
        have < needed
          ? `${have} of ${needed} witnesses cosigned within a day.`
          : `${failing.length} outside ${failing.length === 1 ? "holder was" : "holders were"} not reached for a day.`,
      reason: "You are an admin here.",
      href: `/w/${workspaceSlug}/ledger`,
      act: "Open",
    },
  ];
}

function witnessesFresh(targets: readonly AnchorTarget[], now: number): number {
  return targets.filter(({ kind, lastAt }) => kind === "witness" && lastAt !== null && now - lastAt.getTime() < freshMs)
    .length;
}

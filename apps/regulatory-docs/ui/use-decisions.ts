import { announce } from "@probity/web/kit/announcer.tsx";
import { write } from "@probity/web/shell/api.ts";
import type { Member, People } from "@probity/web/shell/api-types.ts";
import { ApiProblem } from "@probity/web/shell/problem.ts";
import { useSession } from "@probity/web/shell/session.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useCallback, useRef, useState } from "react";
import { nextUndecided } from "./matrix-model.ts";
import { docsApi } from "./path.ts";
import type { Decision, Finding, Run, Status } from "./types.ts";

export type ActName = "accept" | "override" | "reopen" | "assign" | "due" | "note";

interface Change {
  finding: Finding;
  name: ActName;
  body: Record<string, unknown>;
  key: string;
}

/** What was decided last, and what the finding was before, for ten seconds. */
interface Last {
  requirementId: string;
  text: string;
}

/** The part of a finding an act changes, shown before the server has answered. */
function foreseen(change: Change, by: string, people: Member[]): Partial<Finding> {
  const at = new Date().toISOString();
  const { body, finding } = change;
  const decided = (kind: Decision["kind"], status: Status): Partial<Finding> => ({
    decidedStatus: status,
    decision: {
      kind,
      status,
      reasonCode: typeof body.reasonCode === "string" ? body.reasonCode : null,
      reason: typeof body.reason === "string" ? body.reason : null,
      by,
      at,
    },
  });
  if (change.name === "accept") return decided("accepted", finding.status);
  if (change.name === "override") {
    const status = (["covered", "partial", "gap", "not-assessable"] as const).find((item) => item === body.status);
    return decided("overridden", status ?? finding.status);
  }
  if (change.name === "reopen") return { decidedStatus: null, decision: null };
  if (change.name === "due") return { dueOn: typeof body.dueOn === "string" ? body.dueOn : null };
  if (change.name === "assign") {
    return { assignee: people.find((member) => member.id === body.assigneeId) ?? null };
  }
  if (change.name === "note") return { note: typeof body.note === "string" ? body.note : null };
  return {};
}

/**
 * Decisions of one run. Each is shown at once, sent with the version it was based on, and taken back when the
 * server refuses it. `onDone` gets the requirement to go to next, or `null` to stay.
 */
export function useDecisions(run: Run, onDone: (next: string | null) => void) {
  const queries = useQueryClient();
  const session = useSession();
  const [last, setLast] = useState<Last | null>(null);
  const key = ["run", run.id];
  const forget = useCallback(() => setLast(null), []);
  /** The same act tried again after silence carries the same key, so that it happens once. */
  const silent = useRef<Change | null>(null);
  /** From which version to which this page's own last act brought a finding: whoever acts again before it was answered saw the first. */
  const moved = useRef(new Map<string, readonly [from: number, to: number]>());
  const versionOf = ({ id, version }: Finding) => {
    const [from, to] = moved.current.get(id) ?? [version, version];
    return version === from ? to : version;
  };

  const mutation = useMutation({
    // Shown at once, sent one after the other: taking back what is still on its way waits for it.
    scope: { id: `decisions-${run.id}` },
    mutationFn: async (change: Change) => {
      const version = versionOf(change.finding);
      const options = { version, idempotencyKey: change.key };
      const path = docsApi.finding(change.finding.id, change.name);
      const answer = await write<Partial<Finding> | null>("POST", path, change.body, options);
      const made = answer?.version ?? version + 1;
      moved.current.set(change.finding.id, [version, made]);
      return made;
    },
    onMutate: async (change) => {
      await queries.cancelQueries({ queryKey: key });
      const before = queries.getQueryData<Run>(key);
      patch(
        change.finding.id,
        foreseen(change, session.data?.user.name ?? "", queries.getQueryData<People>(["people-all"])?.items ?? []),
      );
      return { before };
    },
    onError: (error, change, context) => {
      silent.current = error instanceof ApiProblem && error.status === 0 ? change : null;
      if (context?.before !== undefined) queries.setQueryData(key, context.before);
      // Somebody else was first: what they did is shown beside the refusal.
      if (error instanceof ApiProblem && error.status === 412) void queries.invalidateQueries({ queryKey: key });
    },
    onSuccess: (version, change) => {
      silent.current = null;
      patch(change.finding.id, { version });
    },
  });
  const patch = (id: string, change: Partial<Finding>) =>
    queries.setQueryData<Run>(key, (old) =>
      old === undefined
        ? old
        : { ...old, findings: old.findings.map((item) => (item.id === id ? { ...item, ...change } : item)) },
    );

  const act = (finding: Finding, name: ActName, body: Record<string, unknown>) => {
    const again = silent.current;
    const same =
      again !== null &&
      again.finding.id === finding.id &&
      again.name === name &&
      JSON.stringify(again.body) === JSON.stringify(body);
    mutation.mutate({ finding, name, body, key: same ? again.key : crypto.randomUUID() });
    if (name !== "accept" && name !== "override") {
      onDone(null);
      return;
    }
    const left = run.findings.filter((item) => item.decision === null && item.id !== finding.id).length;
    setLast({
      requirementId: finding.requirementId,
      text: `${finding.requirementId} ${name === "accept" ? "accepted" : "overridden"}. ${left} left.`,
    });
    announce(left === 0 ? "All decided" : `${left} left`);
    onDone(nextUndecided(run.findings, finding.requirementId)?.requirementId ?? null);
  };
  const undo = () => {
    const finding = run.findings.find((item) => item.requirementId === last?.requirementId);
    if (finding === undefined) return;
    setLast(null);
    // Seconds after the decision, by the same person: this is what it was for.
    const body = { reason: "Taken back on the page, directly after it was decided" };
    mutation.mutate({ finding, name: "reopen", body, key: crypto.randomUUID() });
    announce(`${finding.requirementId} is open again`);
    onDone(finding.requirementId);
  };
  return { act, undo, last, forget, problem: mutation.error, busy: mutation.isPending };
}

export type Decisions = ReturnType<typeof useDecisions>;

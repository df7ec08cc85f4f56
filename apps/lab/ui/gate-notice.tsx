import { Act } from "@probity/web/kit/act.tsx";
import { announce } from "@probity/web/kit/announcer.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Field } from "@probity/web/kit/field.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { read, write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import css from "./instrument.module.css";
import { qualityApi, type Gates, type HeldItem, type Override } from "./instrument-types.ts";
import { refusedBecause } from "./words.ts";

/** Results held at one gate for the same reasons, told and decided together. */
interface Group {
  gate: string;
  title: string;
  said: string;
  items: HeldItem[];
  asked: Override[];
  passed: boolean;
  stale: boolean;
}
type Asking = { kind: "ask" | "confirm" | "refuse"; group: Group };

type Of = { worksheet: string } | { sample: string };

function useGates(of: Of, fresh: string) {
  return useQuery({
    queryKey: ["lab-gates", of, fresh],
    queryFn: () => read<Gates>(qualityApi.gates(of)),
    enabled: fresh !== "",
  });
}

/** Why nothing here is verified yet: results that a gate holds and nobody let pass. Undefined where none is. */
export function useHeld(of: Of, fresh: string): string | undefined {
  const held = (useGates(of, fresh).data?.items ?? []).filter((each) => !each.passed);
  const count = new Set(held.map((each) => each.resultId)).size;
  if (count === 0) return undefined;
  return `${count === 1 ? "One result is" : `${count} results are`} held; why stands on this page. Ask for an override there, or measure anew.`;
}

/** What holds the results of a worksheet or sample before verification, and who let what pass. */
export function GateNotice({ of, fresh }: { of: Of; fresh: string }) {
  const gates = useGates(of, fresh);
  const [asking, setAsking] = useState<Asking | null>(null);
  const queries = useQueryClient();
  const found = gates.data;
  if (gates.isError) return <ProblemNotice problem={asProblem(gates.error)} onRetry={() => void gates.refetch()} />;
  if (found === undefined) return null;
  const groups = groupsOf(found);
  const confirmed = passedOf(found);
  if (groups.length === 0 && confirmed.length === 0) return null;
  return (
    <div className={css.gates}>
      {groups.map((group) => (
        <Notice key={`${group.gate} ${group.said} ${group.asked.length}`} tone={group.passed ? "partial" : "gap"}>
          <b>{group.title}.</b> {group.said}{" "}
          <span className={page.muted}>
            {group.items.length === 1 ? "One result is" : `${group.items.length} results are`}{" "}
            {group.passed ? "let pass" : "held"}.
          </span>
          <Decision group={group} found={found} onAsk={setAsking} />
        </Notice>
      ))}
      {confirmed.map((each) => (
        <p key={each.id} className={`${page.meta} ${css.override}`}>
          {each.count === 1 ? "One result was" : `${each.count} results were`} let pass at “{titleOf(found, each.gate)}
          ”: {each.said} {each.askedBy} asked, “{each.reason}”; {each.decidedBy} confirmed,{" "}
          {showTime(each.decidedAt ?? each.askedAt)}.
        </p>
      ))}
      {asking !== null && (
        <OverrideDialog
          asking={asking}
          onClose={() => setAsking(null)}
          onDone={(words) => {
            setAsking(null);
            announce(words);
            void queries.invalidateQueries({ queryKey: ["lab-gates"] });
          }}
        />
      )}
    </div>
  );
}

function Decision({ group, found, onAsk }: { group: Group; found: Gates; onAsk: (asking: Asking) => void }) {
  if (group.passed) return null;
  const [first] = group.asked;
  if (first === undefined)
    return (
      <div>
        <Act
          disabledReason={refusedBecause(found.may, "lab.override.ask", "technicians and reviewers")}
          onAct={() => onAsk({ kind: "ask", group })}
        >
          Ask for an override
        </Act>
      </div>
    );
  const refused =
    refusedBecause(found.may, "lab.override.confirm", "reviewers") ??
    (group.asked.some((each) => each.askedById === found.you)
      ? "You asked for it, so somebody else decides. Ask another reviewer."
      : group.asked.some((each) => each.enteredById === found.you)
        ? "You entered the value, so somebody else decides. Ask another reviewer."
        : undefined);
  return (
    <div className={css.override}>
      {first.askedBy} asked for an override, {showTime(first.askedAt)}: “{first.reason}”
      {group.stale && " The value or what holds it has changed since: refuse it, then ask anew."}{" "}
      <span className={page.row}>
        <Act
          look="main"
          disabledReason={refused ?? (group.stale ? "The value or what holds it has changed since." : undefined)}
          onAct={() => onAsk({ kind: "confirm", group })}
        >
          Confirm override
        </Act>
        <Act disabledReason={refused} onAct={() => onAsk({ kind: "refuse", group })}>
          Refuse
        </Act>
      </span>
    </div>
  );
}

function OverrideDialog(props: { asking: Asking; onClose: () => void; onDone: (words: string) => void }) {
  const { kind, group } = props.asking;
  const [reason, setReason] = useState("");
  const send = useMutation({
    mutationFn: () =>
      kind === "ask"
        ? write("POST", qualityApi.overrides(), {
            resultIds: group.items.map((each) => each.resultId),
            gate: group.gate,
            reason: reason.trim(),
          })
        : write("POST", qualityApi.decide(), {
            ids: group.asked.map((each) => each.id),
            confirmed: kind === "confirm",
            ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
          }),
    onSuccess: () =>
      props.onDone({ ask: "Override asked for.", confirm: "Override confirmed.", refuse: "Override refused." }[kind]),
  });
  const words = {
    ask: { title: "Ask for an override", act: "Ask for override" },
    confirm: { title: "Confirm override", act: "Confirm override" },
    refuse: { title: "Refuse override", act: "Refuse override" },
  }[kind];
  const missing = kind !== "confirm" && reason.trim() === "" ? "Say why." : undefined;
  return (
    <Dialog open onClose={props.onClose} title={`${words.title} · ${group.title}`} size={560}>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === undefined) send.mutate();
        }}
      >
        {send.isError && <ProblemNotice problem={asProblem(send.error)} />}
        <p>{group.said}</p>
        <p className={page.muted}>
          {kind === "ask"
            ? "Another person, who entered none of these values, decides. It is good for these values and these holds alone, and stays on record beside the results."
            : kind === "confirm"
              ? `You answer for ${group.items.length === 1 ? "one result" : `${group.items.length} results`} being verified although this is so. You confirm it is you. ${group.asked[0]?.askedBy ?? ""} gave the reason: “${group.asked[0]?.reason ?? ""}”.`
              : "The results stay held. Somebody may ask anew."}
        </p>
        <Field
          name="override-reason"
          label={kind === "confirm" ? "Remark" : "Why"}
          value={reason}
          onChange={setReason}
          {...(kind === "ask"
            ? { hint: "Why the value is good all the same, such as: checked against BAL-02, same day." }
            : {})}
        />
        <p>
          <Act look="main" size="form" submit busy={send.isPending} disabledReason={missing}>
            {words.act}
          </Act>
        </p>
      </form>
    </Dialog>
  );
}

function titleOf(found: Gates, gate: string): string {
  return found.gates.find((each) => each.name === gate)?.title ?? gate;
}

function groupsOf(found: Gates): Group[] {
  const groups = new Map<string, Group>();
  for (const item of found.items) {
    const said = [...new Set(item.holds.map((each) => each.reason))].join(" ");
    const asked = item.override?.state === "asked" && !item.passed ? item.override : undefined;
    const key = [item.gate, said, item.passed, item.stale, asked?.askedById, asked?.reason].join("|");
    const group = groups.get(key) ?? {
      gate: item.gate,
      title: titleOf(found, item.gate),
      said,
      items: [],
      asked: [],
      passed: item.passed,
      stale: item.stale,
    };
    group.items.push(item);
    if (asked !== undefined) group.asked.push(asked);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Confirmed overrides, those of the same act told once. */
function passedOf(found: Gates): (Override & { count: number })[] {
  const told = new Map<string, Override & { count: number }>();
  for (const each of found.overrides) {
    if (each.state !== "confirmed") continue;
    const key = [each.gate, each.said, each.reason, each.decidedBy, each.decidedAt].join("|");
    const before = told.get(key);
    told.set(key, before === undefined ? { ...each, count: 1 } : { ...before, count: before.count + 1 });
  }
  return [...told.values()];
}

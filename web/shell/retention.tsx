import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { EmptyState } from "../kit/empty-state.tsx";
import { Choice, Field } from "../kit/field.tsx";
import { LedgerTable } from "../kit/ledger-table.tsx";
import { Notice } from "../kit/notice.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { StatusMark } from "../kit/status-mark.tsx";
import { showTime } from "../kit/time.ts";
import { read, write } from "./api.ts";
import type { People } from "./api-types.ts";
import { Erasure, saveReceipt, type Receipt } from "./erasure.tsx";
import { api, page } from "./path.ts";
import { Go, usePlace, useTitle } from "./place.tsx";
import { PolicyLimit } from "./policy-limit.tsx";
import { asProblem } from "./problem.ts";
import { useSession } from "./session.ts";
import css from "./page.module.css";

interface RetentionClass {
  id: string;
  title: string;
  policy: string | null;
  value: number | null;
  keeps: string | null;
  enforced: string | null;
  last: { at: string; outcome: "done" | "held" | "failed"; gone: number; detail: string } | null;
  next: string | null;
}
interface Hold {
  id: string;
  person: { id: string; name: string | null } | null;
  reason: string;
  placedAt: string;
  placedBy: string | null;
  releasedAt: string | null;
  releaseReason: string | null;
}
interface RetentionAnswer {
  classes: RetentionClass[];
  holds: Hold[];
  reconciliation: {
    at: string;
    events: number;
    changes: number;
    rows: number;
    found: number;
    findings: { kind: string; seq: number | null; record: string | null; rowId: string | null }[];
  } | null;
}

const states = {
  done: { tone: "covered", word: "in force" },
  held: { tone: "partial", word: "on hold" },
  failed: { tone: "gap", word: "failed" },
} as const;

/** What is kept how long, what stops it, who was forgotten, and whether log and tables agree. */
export function Retention() {
  useTitle("Retention and erasure");
  const { params } = usePlace();
  const ws = params.ws ?? "";
  const session = useSession();
  const role = session.data?.workspaces.find((item) => item.slug === ws)?.role ?? "member";
  const refused = role === "owner" ? undefined : `This needs the role owner; you are ${role}.`;
  const [open, setOpen] = useState<"erase" | "hold" | Hold | null>(null);
  const all = useQuery({ queryKey: ["retention", ws], queryFn: () => read<RetentionAnswer>(api.retention()) });
  const save = useMutation({ mutationFn: saveReceipt });
  const people = useQuery({ queryKey: ["people", ws], queryFn: () => read<People>(api.people()) });
  const receipts = useQuery({
    queryKey: ["erasures", ws],
    queryFn: async () => (await read<{ items: Receipt[] }>(api.erasures())).items,
    enabled: role === "owner",
  });
  const standing = all.data?.holds.filter((hold) => hold.releasedAt === null) ?? [];
  const close = () => setOpen(null);
  return (
    <div className={css.page}>
      <div className={css.head}>
        <h1>Retention and erasure</h1>
        <div className={css.row}>
          <Act size="form" disabledReason={refused} onAct={() => setOpen("hold")}>
            Place a legal hold
          </Act>
          <Act size="form" look="danger" disabledReason={refused} onAct={() => setOpen("erase")}>
            Erase a person
          </Act>
        </div>
      </div>
      <p className={css.lead}>
        What each class of data is kept for, and what enforces it. Nothing goes while a legal hold stands. The{" "}
        <Go to={page.audit(ws)}>audit trail</Go> keeps what happened; what names a person lies beside it and can be
        forgotten.
      </p>
      {save.isError && <ProblemNotice problem={asProblem(save.error)} />}
      {all.isError && <ProblemNotice problem={asProblem(all.error)} onRetry={() => void all.refetch()} />}
      {all.isPending && <Skeleton rows={8} label="Reading what is kept" />}
      {all.data !== undefined && <Agreement state={all.data.reconciliation} />}
      {standing.length > 0 && (
        <Notice tone="partial">
          {standing.length === 1 ? "A legal hold stands" : `${standing.length} legal holds stand`}: retention has
          stopped in this workspace.
        </Notice>
      )}
      {all.data !== undefined && (
        <LedgerTable
          caption="How long each class is kept"
          rows={all.data.classes}
          rowKey={(each) => each.id}
          tone={(each) => stateOf(each).tone}
          columns={[
            {
              id: "class",
              title: "Class",
              lead: true,
              cell: (each) => (
                <>
                  <b>{each.title}</b>
                  <div className={css.meta}>{each.enforced ?? "Nothing in this release removes it by itself."}</div>
                </>
              ),
            },
            {
              id: "kept",
              title: "Kept for",
              width: "180px",
              cell: (each) => {
                if (each.policy === null) return each.keeps;
                return (
                  <>
                    {each.value === 0 && "All of it: "}
                    <PolicyLimit name={each.policy} />
                  </>
                );
              },
            },
            {
              id: "state",
              title: "State",
              width: "150px",
              lead: true,
              cell: (each) => <StatusMark {...stateOf(each)} />,
            },
            {
              id: "last",
              title: "Last run",
              width: "240px",
              cell: (each) =>
                each.last === null ? (
                  ""
                ) : (
                  <>
                    <span className={css.line}>{showTime(each.last.at)}</span>
                    <div className={css.meta}>
                      {each.last.outcome === "done" ? `${each.last.gone} went. ` : ""}
                      {each.last.detail}
                    </div>
                  </>
                ),
            },
            {
              id: "next",
              title: "Next run",
              width: "170px",
              cell: (each) => (each.next === null ? "" : <span className={css.line}>{showTime(each.next)}</span>),
            },
          ]}
        />
      )}
      {all.data !== undefined && all.data.holds.length > 0 && (
        <LedgerTable
          caption="Legal holds"
          rows={all.data.holds}
          rowKey={(hold) => hold.id}
          tone={(hold) => (hold.releasedAt === null ? "partial" : "none")}
          columns={[
            { id: "reason", title: "Hold", lead: true, cell: (hold) => hold.reason },
            {
              id: "on",
              title: "On",
              cell: (hold) => (hold.person === null ? "Everything" : (hold.person.name ?? "somebody who left")),
            },
            {
              id: "placed",
              title: "Placed",
              cell: (hold) => `${showTime(hold.placedAt)} by ${hold.placedBy ?? "somebody who left"}`,
            },
            {
              id: "end",
              title: "Released",
              end: true,
              cell: (hold) =>
                hold.releasedAt === null ? (
                  <Act disabledReason={refused} onAct={() => setOpen(hold)}>
                    Release
                  </Act>
                ) : (
                  <>
                    {showTime(hold.releasedAt)}
                    <div className={css.meta}>{hold.releaseReason}</div>
                  </>
                ),
            },
          ]}
        />
      )}
      {role === "owner" && receipts.data !== undefined && receipts.data.length === 0 && (
        <EmptyState>Nobody has been erased from this workspace.</EmptyState>
      )}
      {receipts.data !== undefined && receipts.data.length > 0 && (
        <LedgerTable
          caption="Erasures"
          rows={receipts.data}
          rowKey={(receipt) => receipt.id}
          tone={() => "covered"}
          columns={[
            { id: "at", title: "When", width: "190px", cell: (receipt) => showTime(receipt.executedAt) },
            { id: "basis", title: "Ground", lead: true, cell: (receipt) => receipt.basis },
            {
              id: "gone",
              title: "Went",
              cell: (receipt) => `${receipt.erased.reduce((sum, each) => sum + each.count, 0)} things`,
            },
            {
              id: "backups",
              title: "Backups forget on",
              cell: (receipt) => <span className={css.line}>{showTime(receipt.backupsUntil)}</span>,
            },
            {
              id: "receipt",
              title: "Receipt",
              end: true,
              cell: (receipt) => (
                <Act busy={save.isPending && save.variables.id === receipt.id} onAct={() => save.mutate(receipt)}>
                  Download
                </Act>
              ),
            },
          ]}
        />
      )}
      {open === "erase" && (
        <Erasure
          people={(people.data?.items ?? []).filter((person) => person.id !== people.data?.you)}
          onClose={close}
        />
      )}
      {open === "hold" && <PlaceHold people={people.data?.items ?? []} onClose={close} />}
      {open !== null && typeof open === "object" && <ReleaseHold hold={open} onClose={close} />}
    </div>
  );
}

function stateOf(each: RetentionClass): { tone: "covered" | "partial" | "gap" | "planned"; word: string } {
  if (each.enforced === null) return { tone: "planned", word: "not enforced yet" };
  if (each.policy === null) return { tone: "covered", word: "in force" };
  return each.last === null ? { tone: "partial", word: "not run yet" } : states[each.last.outcome];
}

/** Whether the log and the tables say the same, and where they do not. */
function Agreement({ state }: { state: RetentionAnswer["reconciliation"] }) {
  if (state === null) return null;
  const compared = `${state.events.toLocaleString("en")} events, ${state.changes.toLocaleString("en")} changes and ${state.rows.toLocaleString("en")} rows`;
  if (state.found === 0)
    return (
      <p className={css.muted}>
        <StatusMark tone="covered" word="log and tables agree" /> {compared} were compared {showTime(state.at)}.
      </p>
    );
  return (
    <Notice tone="gap">
      The log and the tables disagree in {state.found} places: something was changed past the application. What was
      written is not lost. Tell your operator, who sees where with npx probity doctor.
    </Notice>
  );
}

function PlaceHold(props: { people: People["items"]; onClose: () => void }) {
  const queries = useQueryClient();
  const [reason, setReason] = useState("");
  const [person, setPerson] = useState("");
  const place = useMutation({
    mutationFn: () => write("POST", api.holds(), { reason, membershipId: person === "" ? null : person }),
    onSuccess: async () => {
      announce("The hold stands");
      await queries.invalidateQueries({ queryKey: ["retention"] });
      props.onClose();
    },
  });
  return (
    <Dialog open title="Place a legal hold" onClose={props.onClose}>
      <div className={css.form}>
        <p className={css.muted}>
          While it stands, whom it covers can&rsquo;t be erased, and nothing in this workspace is retired.
        </p>
        <Choice
          name="on"
          label="On"
          value={person}
          onChange={setPerson}
          options={[
            { value: "", label: "Everything in this workspace" },
            ...props.people.map((each) => ({ value: each.id, label: each.name })),
          ]}
        />
        <Field
          name="reason"
          label="Reason"
          hint="Shown to whoever is stopped by it."
          value={reason}
          onChange={setReason}
        />
        {place.isError && <ProblemNotice problem={asProblem(place.error)} />}
        <Act
          look="main"
          size="form"
          busy={place.isPending}
          disabledReason={reason.trim() === "" ? "Say why." : undefined}
          onAct={() => place.mutate()}
        >
          Place the hold
        </Act>
      </div>
    </Dialog>
  );
}

function ReleaseHold(props: { hold: Hold; onClose: () => void }) {
  const queries = useQueryClient();
  const [reason, setReason] = useState("");
  const release = useMutation({
    mutationFn: () => write("POST", api.releaseHold(props.hold.id), { reason }),
    onSuccess: async () => {
      announce("The hold is released");
      await queries.invalidateQueries({ queryKey: ["retention"] });
      props.onClose();
    },
  });
  return (
    <Dialog open title="Release a legal hold" onClose={props.onClose}>
      <div className={css.form}>
        <p>“{props.hold.reason}”</p>
        <Field name="reason" label="Why it is over" value={reason} onChange={setReason} />
        {release.isError && <ProblemNotice problem={asProblem(release.error)} />}
        <Act
          look="main"
          size="form"
          busy={release.isPending}
          disabledReason={reason.trim() === "" ? "Say why." : undefined}
          onAct={() => release.mutate()}
        >
          Release it
        </Act>
      </div>
    </Dialog>
  );
}

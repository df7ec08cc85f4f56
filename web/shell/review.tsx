import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { Field } from "../kit/field.tsx";
import { LedgerTable } from "../kit/ledger-table.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { StatusMark } from "../kit/status-mark.tsx";
import { showTime } from "../kit/time.ts";
import { AccessTabs } from "./access-tabs.tsx";
import type { Review as ReviewRow, ReviewItem } from "./access-types.ts";
import { sayPermission } from "./access-words.ts";
import { download, read, write } from "./api.ts";
import { api } from "./path.ts";
import { usePlace, useTitle } from "./place.tsx";
import { asProblem } from "./problem.ts";
import { Signatures } from "./sign.tsx";
import pageCss from "./page.module.css";

/** One access review: each entry with what it may do, who judges it, and the decision. */
export function Review() {
  useTitle("Access review");
  const { params } = usePlace();
  const id = params.id ?? "";
  const queries = useQueryClient();
  const list = useQuery({
    queryKey: ["reviews", params.ws],
    queryFn: async () => (await read<{ items: ReviewRow[] }>(api.reviews())).items,
  });
  const detail = useQuery({
    queryKey: ["review", id],
    queryFn: () => read<{ items: ReviewItem[]; you: string }>(api.review(id)),
  });
  const [removing, setRemoving] = useState<ReviewItem | null>(null);
  const [note, setNote] = useState("");
  const [failed, setFailed] = useState<unknown>(null);
  const decide = useMutation({
    mutationFn: (made: { item: ReviewItem; decision: "confirmed" | "removed"; note?: string }) =>
      write("POST", api.decide(made.item.id), {
        decision: made.decision,
        ...(made.note ? { note: made.note } : {}),
      }),
    onSuccess: async (_, { item, decision }) => {
      announce(`${item.name} ${decision}`);
      setRemoving(null);
      setNote("");
      await queries.invalidateQueries({ queryKey: ["review", id] });
      await queries.invalidateQueries({ queryKey: ["reviews"] });
    },
  });
  const review = list.data?.find((each) => each.id === id);
  const you = detail.data?.you;
  const reasonNot = (item: ReviewItem) => (item.memberId === you ? "Nobody reviews their own access." : undefined);
  return (
    <div className={pageCss.page}>
      <div className={pageCss.head}>
        <h1>Access review {review?.number}</h1>
        <Act
          size="form"
          onAct={() => void download(api.review(id, { format: "csv" }), "access-review.csv").catch(setFailed)}
        >
          Export as CSV
        </Act>
      </div>
      <AccessTabs />
      {failed !== null && <ProblemNotice problem={asProblem(failed)} />}
      {review !== undefined && (
        <p className={pageCss.lead}>
          {review.closedAt === null
            ? `${review.items - review.decided} of ${review.items} entries wait. ${review.overdue ? "It was" : "It is"} due ${showTime(review.dueAt)}.`
            : `Closed ${showTime(review.closedAt)}: ${review.outcome?.confirmed ?? 0} confirmed, ${review.outcome?.removed ?? 0} removed${review.outcome?.unreviewed ? `, ${review.outcome.unreviewed} not reviewed by anybody else` : ""}.`}
        </p>
      )}
      {review?.outcome && (
        <p className={pageCss.meta}>
          SHA-256 of the decisions{" "}
          <span className={pageCss.mono} style={{ overflowWrap: "anywhere" }}>
            {review.outcome.sha256}
          </span>
        </p>
      )}
      {review !== undefined && review.closedAt !== null && (
        <Signatures one={api.review(id)} onChange={() => void queries.invalidateQueries({ queryKey: ["reviews"] })} />
      )}
      {detail.isError && <ProblemNotice problem={asProblem(detail.error)} onRetry={() => void detail.refetch()} />}
      {decide.isError && removing === null && <ProblemNotice problem={asProblem(decide.error)} />}
      {detail.isPending && <Skeleton label="Reading the review" />}
      {detail.isSuccess && (
        <LedgerTable
          caption="Entries of this review"
          rows={detail.data.items}
          rowKey={(item) => item.id}
          tone={(item) => (item.decision === null ? "partial" : item.decision === "removed" ? "gap" : "covered")}
          columns={[
            {
              id: "name",
              title: "Who or what",
              lead: true,
              cell: (item) => (
                <>
                  <b>{item.name}</b>
                  <div className={pageCss.meta}>{item.kind === "key" ? `key of a ${item.role}` : item.role}</div>
                </>
              ),
            },
            {
              id: "may",
              title: "May do",
              cell: (item) => (
                <details>
                  <summary>
                    {item.permissions.length} {item.permissions.length === 1 ? "permission" : "permissions"}
                  </summary>
                  <span className={pageCss.meta}>{item.permissions.map(sayPermission).join(", ")}</span>
                </details>
              ),
            },
            {
              id: "reviewer",
              title: "Reviewer",
              width: "170px",
              cell: (item) =>
                item.reviewer?.name ?? <span className={pageCss.muted}>Nobody else may: make somebody an admin.</span>,
            },
            {
              id: "decision",
              title: "Decision",
              lead: true,
              width: "270px",
              cell: (item) =>
                item.decision === null ? (
                  <span className={pageCss.row}>
                    <Act
                      label={`Confirm ${item.name}`}
                      disabledReason={reasonNot(item)}
                      busy={decide.isPending && decide.variables.item.id === item.id}
                      onAct={() => decide.mutate({ item, decision: "confirmed" })}
                    >
                      Confirm
                    </Act>
                    <Act
                      look="quiet"
                      label={`Remove ${item.name}`}
                      disabledReason={reasonNot(item)}
                      onAct={() => setRemoving(item)}
                    >
                      Remove
                    </Act>
                  </span>
                ) : (
                  <>
                    <StatusMark tone={item.decision === "removed" ? "gap" : "covered"} word={item.decision} />
                    <div className={pageCss.meta}>
                      {item.decidedBy?.name} · {item.decidedAt === null ? "" : showTime(item.decidedAt)}
                      {item.note !== null && ` · “${item.note}”`}
                    </div>
                  </>
                ),
            },
          ]}
        />
      )}
      {removing !== null && (
        <Dialog open onClose={() => setRemoving(null)} title={`Remove ${removing.name}`}>
          <div className={pageCss.form}>
            <p>
              {removing.kind === "key"
                ? "The key is revoked at once."
                : "The membership ends at once, with its keys, links and sessions. What they did stays under their name."}
            </p>
            {decide.isError && <ProblemNotice problem={asProblem(decide.error)} />}
            <Field name="review-note" label="Reason" value={note} onChange={setNote} />
            <div className={pageCss.row}>
              <Act size="form" onAct={() => setRemoving(null)}>
                Keep {removing.name}
              </Act>
              <Act
                look="danger"
                size="form"
                busy={decide.isPending}
                onAct={() => decide.mutate({ item: removing, decision: "removed", note: note.trim() })}
              >
                Remove {removing.name}
              </Act>
            </div>
          </div>
        </Dialog>
      )}
    </div>
  );
}

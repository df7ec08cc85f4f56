import { Act } from "@probity/web/kit/act.tsx";
import { DateField } from "@probity/web/kit/date-field.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showDay, showTime } from "@probity/web/kit/time.ts";
import { read, write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { PolicyLimit } from "@probity/web/shell/policy-limit.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { FilterRow, Shown, useFilters } from "./filter-row.tsx";
import { inspectApi, inspectPage } from "./inspect-path.ts";
import type { ReviewDue, ReviewLine } from "./inspect-types.ts";
import { refusedBecause } from "./words.ts";

type Reviews = { items: ReviewLine[]; total: number; due: ReviewDue; may: string[] };

/** Reviews of the audit trail: which are open, which are late, who concluded the others and with what words. */
export function TrailReviews() {
  useTitle("Audit-trail review");
  const place = usePlace();
  const ws = place.params["ws"] ?? "";
  const filters = useFilters(["state", "q"]);
  const reviews = useQuery({
    queryKey: ["lab-reviews", ws, filters.asked],
    queryFn: () => read<Reviews>(inspectApi.reviews(filters.asked)),
    placeholderData: keepPreviousData,
  });
  const [opening, setOpening] = useState(false);
  const found = reviews.data;
  const open = (
    <Act
      look="main"
      disabledReason={refusedBecause(found?.may, "lab.review.change", "reviewers and admins")}
      onAct={() => setOpening(true)}
    >
      Open a review
    </Act>
  );
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>Audit-trail review</h1>
        <span>{open}</span>
      </div>
      <p className={page.lead}>
        What deserves somebody’s eye: changed results, unlockings, overrides, what was cancelled or deleted, what
        happened out of hours. Nobody concludes a review of their own acts.
      </p>
      {reviews.isError && <ProblemNotice problem={asProblem(reviews.error)} onRetry={() => void reviews.refetch()} />}
      {reviews.isPending && <Skeleton label="Reading the reviews" rows={3} />}
      {found?.due.overdue === true && (
        <Notice tone="gap">
          {found.due.reviewedTo === null
            ? "The trail of this laboratory was not reviewed yet"
            : `The trail is reviewed up to ${showDay(found.due.reviewedTo)}`}
          ; here it is reviewed at least every <PolicyLimit name="lab.trailReviewEveryDays" />. Open one for the time
          since.
        </Notice>
      )}
      {found !== undefined && found.total > 0 && (
        <FilterRow
          of="reviews"
          placeholder="Period, worksheet, person"
          filters={filters}
          choices={[
            {
              name: "state",
              label: "Stands",
              options: [
                { value: "open", label: "open" },
                { value: "late", label: "late" },
                { value: "concluded", label: "concluded" },
              ],
            },
          ]}
          file={{ path: inspectApi.reviews({ ...filters.asked, format: "csv" }), name: "audit-trail-reviews.csv" }}
        />
      )}
      {found?.items.length === 0 && (
        <EmptyState act={found.total > 0 ? <Act onAct={filters.clear}>Clear the filters</Act> : open}>
          {found.total > 0
            ? "No review fits these filters."
            : "No review yet. Open the first for a period that is over, or from a worksheet."}
        </EmptyState>
      )}
      {found !== undefined && found.items.length > 0 && (
        <LedgerTable
          caption="Reviews of the audit trail"
          rows={found.items}
          rowKey={(row) => row.id}
          tone={(row) => (row.locked ? "sealed" : row.overdue ? "gap" : "partial")}
          columns={[
            {
              id: "title",
              title: "Of",
              lead: true,
              cell: (row) => (
                <Go to={inspectPage.review(ws, row.id)}>
                  <b className={page.mono}>{row.title}</b>
                </Go>
              ),
            },
            {
              id: "standing",
              title: "Stands",
              width: "170px",
              cell: (row) =>
                row.locked ? (
                  <StatusMark tone="sealed" word="concluded" />
                ) : row.overdue ? (
                  <StatusMark tone="gap" word={`late, due ${showDay(row.dueOn)}`} />
                ) : (
                  <StatusMark tone="partial" word={`open, due ${showDay(row.dueOn)}`} />
                ),
            },
            { id: "seen", title: "Seen", width: "70px", end: true, cell: (row) => row.seen },
            {
              id: "by",
              title: "Concluded by",
              cell: (row) =>
                row.concludedBy === null ? (
                  <span className={page.muted}>{`opened by ${row.openedBy ?? "a former member"}`}</span>
                ) : (
                  <>
                    {row.concludedBy} <span className={page.meta}>{showTime(row.concludedAt ?? "")}</span>
                    <div className={page.meta}>{row.meaning}</div>
                  </>
                ),
            },
          ]}
        />
      )}
      {found !== undefined && <Shown count={found.items.length} total={found.total} one="review" many="reviews" />}
      {opening && (
        <OpenReview
          since={found?.due.reviewedTo ?? null}
          onClose={() => setOpening(false)}
          onOpened={(id) => place.go(inspectPage.review(ws, id))}
        />
      )}
    </div>
  );
}

function OpenReview(props: { since: string | null; onClose: () => void; onOpened: (id: string) => void }) {
  const [today] = useState(() => new Date().toISOString().slice(0, 10));
  const [from, setFrom] = useState(props.since?.slice(0, 10) ?? `${today.slice(0, 8)}01`);
  const [to, setTo] = useState(today);
  const open = useMutation({
    mutationFn: () => write<{ id: string }>("POST", inspectApi.reviews(), { from, to }),
    onSuccess: (made) => props.onOpened(made.id),
  });
  return (
    <Dialog open title="Open a review" onClose={props.onClose}>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          open.mutate();
        }}
      >
        {open.isError && <ProblemNotice problem={asProblem(open.error)} />}
        <DateField
          name="review-from"
          label="First day"
          hint="Days begin and end at midnight UTC."
          max={today}
          value={from}
          onChange={setFrom}
        />
        <DateField name="review-to" label="Last day" hint="Today ends now." max={today} value={to} onChange={setTo} />
        <p className={page.muted}>
          Working hours are <PolicyLimit name="lab.workingHours" />; it is to be finished within{" "}
          <PolicyLimit name="lab.trailReviewDays" />.
        </p>
        <div>
          <Act look="main" size="form" submit busy={open.isPending}>
            Open review
          </Act>
        </div>
      </form>
    </Dialog>
  );
}

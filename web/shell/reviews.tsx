import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Act } from "../kit/act.tsx";
import { EmptyState } from "../kit/empty-state.tsx";
import { LedgerTable } from "../kit/ledger-table.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { StatusMark } from "../kit/status-mark.tsx";
import { showTime } from "../kit/time.ts";
import { AccessTabs } from "./access-tabs.tsx";
import type { Review } from "./access-types.ts";
import { read, write } from "./api.ts";
import { api, page } from "./path.ts";
import { Go, usePlace, useTitle } from "./place.tsx";
import { PolicyLimit } from "./policy-limit.tsx";
import { asProblem } from "./problem.ts";
import pageCss from "./page.module.css";

/** Access reviews of the workspace: what was looked at, by whom, and what is due. */
export function Reviews() {
  useTitle("Access reviews");
  const { params, go } = usePlace();
  const ws = params.ws ?? "";
  const queries = useQueryClient();
  const list = useQuery({
    queryKey: ["reviews", ws],
    queryFn: async () => (await read<{ items: Review[] }>(api.reviews())).items,
  });
  const open = useMutation({
    mutationFn: () => write<{ id: string }>("POST", api.reviews()),
    onSuccess: async ({ id }) => {
      await queries.invalidateQueries({ queryKey: ["reviews"] });
      go(page.review(ws, id));
    },
  });
  const running = list.data?.find((review) => review.closedAt === null);
  return (
    <div className={pageCss.page}>
      <div className={pageCss.head}>
        <h1>Access reviews</h1>
        <Act
          look="main"
          size="form"
          busy={open.isPending}
          disabledReason={
            running === undefined ? undefined : `Access review ${running.number} is open: finish it first.`
          }
          onAct={() => open.mutate()}
        >
          Open a review now
        </Act>
      </div>
      <AccessTabs />
      <p className={pageCss.lead}>
        Every member and key is confirmed or removed by somebody else; a signature closes the record. A review opens by
        itself <PolicyLimit name="review.everyDays" /> after the last one closed, and is due{" "}
        <PolicyLimit name="review.dueDays" /> later.
      </p>
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {open.isError && <ProblemNotice problem={asProblem(open.error)} />}
      {list.isPending && <Skeleton label="Reading the reviews" />}
      {list.isSuccess && list.data.length === 0 && <EmptyState>No review has been opened yet.</EmptyState>}
      {list.isSuccess && list.data.length > 0 && (
        <LedgerTable
          caption="Access reviews"
          rows={list.data}
          rowKey={(review) => review.id}
          tone={(review) => standingOf(review).tone}
          columns={[
            {
              id: "number",
              title: "Review",
              lead: true,
              cell: (review) => <Go to={page.review(ws, review.id)}>Access review {review.number}</Go>,
            },
            {
              id: "state",
              title: "State",
              width: "140px",
              lead: true,
              cell: (review) => <StatusMark {...standingOf(review)} />,
            },
            {
              id: "progress",
              title: "Decided",
              width: "120px",
              cell: (review) => `${review.decided} of ${review.items}`,
            },
            { id: "opened", title: "Opened", width: "190px", cell: (review) => showTime(review.openedAt) },
            { id: "due", title: "Due", width: "190px", cell: (review) => showTime(review.dueAt) },
            {
              id: "outcome",
              title: "Outcome",
              cell: (review) =>
                review.outcome === null
                  ? ""
                  : `${review.outcome.confirmed} confirmed, ${review.outcome.removed} removed`,
            },
          ]}
        />
      )}
    </div>
  );
}

/** How a review stands: open, closed without its signature, or signed. */
function standingOf(review: Review) {
  if (review.signedAt !== null) return { tone: "sealed", word: "signed" } as const;
  if (review.closedAt !== null) return { tone: "covered", word: "closed, unsigned" } as const;
  return review.overdue ? ({ tone: "gap", word: "overdue" } as const) : ({ tone: "partial", word: "open" } as const);
}

import { Act } from "@probity/web/kit/act.tsx";
import { announce } from "@probity/web/kit/announcer.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { KeyHint } from "@probity/web/kit/key-hint.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { ProofLine } from "@probity/web/kit/proof-line.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { read, write } from "@probity/web/shell/api.ts";
import { DownloadAct } from "@probity/web/shell/download-act.tsx";
import { PageProblem } from "@probity/web/shell/page-problem.tsx";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { Signatures } from "@probity/web/shell/sign.tsx";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { inspectApi, inspectPage } from "./inspect-path.ts";
import type { Review, ReviewItem } from "./inspect-types.ts";
import { labPage } from "./path.ts";
import css from "./trail.module.css";
import { labWords, refusedBecause } from "./words.ts";

const kindWords: Readonly<Record<string, string>> = {
  changed: "value changed",
  retested: "retested",
  unlocked: "unlocked",
  overridden: "gate overridden",
  cancelled: "cancelled",
  corrected: "registration corrected",
  struck: "attachment struck out",
  attached: "attached after an unlock",
  deleted: "deleted",
  method: "method, limit or setting",
  clock: "clock differs",
  "out-of-hours": "out of hours",
};

/** How many items are drawn at once: a year's review may hold thousands. */
const portion = 200;

/** One review: item by item from the keyboard, each with old and new value, reason and person; then the signature. */
export function TrailReviewPage() {
  const place = usePlace();
  const [ws, id] = [place.params["ws"] ?? "", place.params["id"] ?? ""];
  const key = ["lab-review", id];
  const queries = useQueryClient();
  const review = useQuery({ queryKey: key, queryFn: () => read<Review>(inspectApi.review(id)) });
  const kind = String(place.search["kind"] ?? "");
  const found = review.data;
  useTitle(found === undefined ? "Audit-trail review" : `Review ${found.title}`);
  if (review.isError && review.data === undefined)
    return (
      <PageProblem
        title="Audit-trail review"
        error={review.error}
        onRetry={() => void review.refetch()}
        back={<Go to={inspectPage.reviews(ws)}>All reviews</Go>}
      />
    );
  if (found === undefined)
    return (
      <div className={page.page}>
        <Skeleton heading label="Reading the trail" rows={8} />
      </div>
    );
  const kinds = [...new Set(found.items.flatMap((item) => item.kinds))];
  const shown = found.items.filter(
    (item) => kind === "" || item.kinds.includes(kind) || (kind === "unseen" && item.mark === null),
  );
  const unseen = found.items.filter((item) => item.mark === null).length;
  const reload = () => {
    void queries.invalidateQueries({ queryKey: key });
    void queries.invalidateQueries({ queryKey: ["lab-reviews"] });
    void queries.invalidateQueries({ queryKey: ["signing"] });
  };
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>Review {found.title}</h1>
        {found.locked ? (
          <StatusMark tone="sealed" word="concluded" tinted />
        ) : (
          <StatusMark
            tone={unseen === 0 ? "covered" : "partial"}
            word={unseen === 0 ? "all seen" : `${unseen} to see`}
            tinted
          />
        )}
        <span className={page.row}>
          <DownloadAct path={inspectApi.reviewCsv(id)} name="audit-trail-review.csv">
            Export CSV
          </DownloadAct>
        </span>
      </div>
      <p className={page.meta}>
        {showTime(found.fromAt)} to {showTime(found.toAt)} · working hours {found.hours} UTC · opened by{" "}
        {found.openedBy ?? "a former member"}
        {found.worksheetId !== null && (
          <>
            {" · "}
            <Go to={labPage.worksheet(ws, found.worksheetId)}>{found.worksheet ?? "Worksheet"}</Go>
          </>
        )}
      </p>
      <Signatures one={inspectApi.review(id)} onChange={reload} />
      <p className={css.kinds}>
        {["", "unseen", ...kinds].map((each) => (
          <Act
            key={each}
            look="quiet"
            pressed={kind === each}
            onAct={() => place.query({ kind: each === "" ? undefined : each }, true)}
          >
            {each === ""
              ? `all ${found.items.length}`
              : each === "unseen"
                ? `not seen ${unseen}`
                : `${kindWords[each] ?? each} ${found.items.filter((item) => item.kinds.includes(each)).length}`}
          </Act>
        ))}
      </p>
      {found.items.length === 0 && (
        <EmptyState>
          Nothing of this time deserves a look: no change, unlocking, override or deletion. It can be concluded.
        </EmptyState>
      )}
      {shown.length > 0 && (
        <Items
          review={found}
          items={shown}
          ws={ws}
          refused={
            found.locked
              ? "The review is concluded."
              : refusedBecause(found.may, "lab.review.change", "reviewers and admins")
          }
          onSeen={reload}
        />
      )}
      <ProofLine
        parts={[
          `v${found.version}`,
          `${found.items.length} items from the log`,
          "each by its leaf; the signature stands for all of them and for who saw what",
        ]}
      />
    </div>
  );
}

function Items(props: {
  review: Review;
  items: ReviewItem[];
  ws: string;
  refused: string | undefined;
  onSeen: () => void;
}) {
  const { items, refused } = props;
  const [at, setAt] = useState(0);
  const [most, setMost] = useState(portion);
  const [note, setNote] = useState("");
  const list = useRef<HTMLOListElement>(null);
  const noteField = useRef<HTMLInputElement>(null);
  const see = useMutation({
    mutationFn: (chosen: readonly ReviewItem[]) =>
      write<{ seen: number }>("POST", inspectApi.review(props.review.id, "seen"), {
        items: chosen.slice(0, 500).map(({ rowId, rowVersion }) => ({ rowId, rowVersion })),
        note: note.trim() === "" ? null : note.trim(),
      }),
    onSuccess: ({ seen }, chosen) => {
      announce(`${seen} marked as seen`);
      setNote("");
      if (chosen.length === 1) setAt((before) => Math.min(before + 1, items.length - 1));
      list.current?.focus();
      props.onSeen();
    },
  });
  const current = items[Math.min(at, items.length - 1)];
  useEffect(() => {
    list.current?.querySelector("[data-current]")?.scrollIntoView({ block: "nearest" });
  }, [at]);
  const open = items.filter((item) => item.mark === null);
  const press = (event: React.KeyboardEvent) => {
    if (event.target instanceof HTMLInputElement) return;
    const step =
      event.key === "j" || event.key === "ArrowDown" ? 1 : event.key === "k" || event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) setAt((before) => Math.max(0, Math.min(before + step, items.length - 1)));
    else if (event.key === "s" && current !== undefined && refused === undefined && current.mark === null)
      see.mutate([current]);
    else if (event.key === "n") noteField.current?.focus();
    else return;
    event.preventDefault();
  };
  return (
    <>
      {see.isError && <ProblemNotice problem={asProblem(see.error)} />}
      <form
        className={css.bar}
        onSubmit={(event) => {
          event.preventDefault();
          if (current !== undefined && refused === undefined) see.mutate([current]);
        }}
      >
        <label className={css.note}>
          <span className="p-hidden">Note</span>
          <input
            ref={noteField}
            className={page.search}
            placeholder="Note on this item, where there is something to say"
            maxLength={1000}
            value={note}
            disabled={refused !== undefined}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
        </label>
        <Act
          look="main"
          submit
          hint="s"
          busy={see.isPending}
          disabledReason={refused ?? (current?.mark === null ? undefined : "This one is marked as seen.")}
        >
          Seen
        </Act>
        <Act
          disabledReason={refused ?? (open.length === 0 ? "All of these are seen." : undefined)}
          onAct={() => see.mutate(open)}
        >
          {`All ${open.length} here seen`}
        </Act>
        <span className={`${page.meta} ${css.keys}`}>
          <KeyHint of="j" /> <KeyHint of="k" /> next, before · <KeyHint of="n" /> note
        </span>
      </form>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- the list takes the keys of its items */}
      <ol ref={list} className={css.items} tabIndex={0} aria-label="Items to look at" onKeyDown={press}>
        {items.slice(0, Math.max(most, at + 1)).map((item, index) => (
          <li
            key={`${item.rowId} ${item.rowVersion}`}
            className={css.item}
            data-current={item === current || undefined}
            data-seen={item.mark !== null || undefined}
            aria-current={item === current ? "true" : undefined}
            onClick={() => setAt(index)}
          >
            <span className={css.what}>
              {item.sampleId === null ? (
                <b>{item.what || labWords[item.action] || item.action}</b>
              ) : (
                <Go
                  to={
                    item.record === "lab.result"
                      ? inspectPage.evidence(props.ws, item.rowId)
                      : labPage.sample(props.ws, item.sampleId)
                  }
                >
                  <b>{item.what}</b>
                </Go>
              )}
              <span className={css.why}>{item.kinds.map((each) => kindWords[each] ?? each).join(", ")}</span>
            </span>
            <span className={css.values}>
              {item.before !== null && item.before !== item.after && <s>{item.before}</s>}
              {item.after !== null && <span>{item.after}</span>}
            </span>
            <span className={css.said}>
              <span>
                {item.by} · <time dateTime={item.at}>{showTime(item.at)}</time> · leaf {item.leaf}
              </span>
              {item.reason !== null && <q>{item.reason}</q>}
            </span>
            <span className={css.mark}>
              {item.mark === null ? (
                <StatusMark tone="planned" word="not seen" />
              ) : (
                <>
                  <StatusMark tone="covered" word={`seen by ${item.mark.by}`} />
                  {item.mark.note !== null && <span className={css.noted}>{item.mark.note}</span>}
                </>
              )}
            </span>
          </li>
        ))}
      </ol>
      {items.length > most && (
        <p className={page.row}>
          <span className={page.muted}>{`${Math.max(most, at + 1)} of ${items.length} items`}</span>
          <Act onAct={() => setMost(most + portion)}>{`Show ${Math.min(portion, items.length - most)} more`}</Act>
        </p>
      )}
    </>
  );
}

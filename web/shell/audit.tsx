import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Act } from "../kit/act.tsx";
import { DayRange } from "../kit/day-range.tsx";
import { Choice } from "../kit/field.tsx";
import { EmptyState } from "../kit/empty-state.tsx";
import { LedgerTable } from "../kit/ledger-table.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { StatusMark } from "../kit/status-mark.tsx";
import type { Tone } from "../kit/status.ts";
import { showTime } from "../kit/time.ts";
import { AuditExport } from "./audit-export.tsx";
import { actorOf, gather, sayAction, sayDetails } from "./audit-words.ts";
import { read } from "./api.ts";
import type { LedgerEvent, People } from "./api-types.ts";
import { apps } from "./apps.ts";
import { More } from "./more.tsx";
import { api, page } from "./path.ts";
import { Go, usePlace, useTitle } from "./place.tsx";
import { asProblem } from "./problem.ts";
import { usePages } from "./use-pages.ts";
import own from "./audit.module.css";
import css from "./page.module.css";

function outcome(event: LedgerEvent): { tone: Tone; word: string } {
  if (/^(?:ok|done|success|allowed|committed)$/i.test(event.outcome)) return { tone: "covered", word: event.outcome };
  return { tone: /den|refus|fail/i.test(event.outcome) ? "gap" : "partial", word: event.outcome };
}

const appWords = apps.map((app) => app.words);
const named = ["q", "action", "actor", "row", "outcome", "from", "to"] as const;

/** The record an event is of: a link to everything that happened to it, and to its page where an app has one. */
function ObjectOf({ event, ws }: { event: LedgerEvent; ws: string }) {
  const { record, recordId } = event;
  if (record === null || recordId === null) return null;
  const opens = apps.map((app) => app.recordPage?.(record, recordId, ws)).find((to) => to !== undefined);
  const name = record.split(".").at(-1)?.replaceAll("_", " ") ?? record;
  return (
    <>
      <Go to={page.audit(ws, recordId)} className={`${own.object} ${css.mono} ${css.line}`}>
        <span className="p-hidden">All events of </span>
        {name} …{recordId.slice(-8)}
      </Go>
      {opens !== undefined && (
        <Go to={opens} className={own.object}>
          Open it
        </Go>
      )}
    </>
  );
}

/** Every act of the workspace with its leaf. Filters live in the address. */
export function Audit() {
  useTitle("Audit");
  const place = usePlace();
  const filter: Record<string, string> = {};
  for (const name of named) {
    const value = place.search[name];
    if (typeof value === "string" && value !== "") filter[name] = value;
  }
  const [exporting, setExporting] = useState(false);
  const events = usePages<LedgerEvent>(["events", place.params.ws, filter], (cursor) =>
    api.events({ ...filter, cursor, limit: 100 }),
  );
  const people = useQuery({ queryKey: ["people-all"], queryFn: () => read<People>(api.people()) });
  const members = people.data?.items ?? [];
  const set = (name: string, value: string) => place.query({ ...filter, [name]: value }, true);
  const filtered = Object.keys(filter).length > 0;
  const input = (name: (typeof named)[number], label: string, type: string) => (
    <input
      className={css.search}
      type={type}
      aria-label={label}
      placeholder={label}
      title={label}
      value={filter[name] ?? ""}
      onChange={(event) => set(name, event.currentTarget.value)}
    />
  );
  return (
    <div className={css.page}>
      <div className={css.head}>
        <h1>Audit</h1>
        <Act size="form" onAct={() => setExporting(true)}>
          Export
        </Act>
      </div>
      <div className={css.filters} role="search" aria-label="Filter events">
        {input("q", "Words", "search")}
        {input("action", "Action", "text")}
        <Choice
          name="actor"
          label="Person"
          quiet
          value={filter.actor ?? ""}
          onChange={(value) => set("actor", value)}
          options={[
            { value: "", label: "anyone" },
            ...members.map((member) => ({ value: member.id, label: member.name })),
          ]}
        />
        <Choice
          name="outcome"
          label="Outcome"
          quiet
          value={filter.outcome ?? ""}
          onChange={(value) => set("outcome", value)}
          options={[
            { value: "", label: "any" },
            { value: "done", label: "done" },
            { value: "refused", label: "refused" },
            { value: "failed", label: "failed" },
          ]}
        />
        <DayRange
          name="audit"
          label="From"
          from={filter.from ?? ""}
          to={filter.to ?? ""}
          onFrom={(value) => set("from", value)}
          onTo={(value) => set("to", value)}
        />
        {filter.row !== undefined && (
          <Act pressed onAct={() => set("row", "")}>
            {`Only record …${filter.row.slice(-8)}`}
          </Act>
        )}
        {filtered && (
          <Act look="quiet" onAct={() => place.query({})}>
            Clear filters
          </Act>
        )}
      </div>
      <p className={css.meta}>
        {filtered ? "An export of this is a selection, not the complete log, and says so. " : ""}How long it is kept,
        and who was erased from it: <Go to={page.retention(place.params.ws ?? "")}>Retention and erasure</Go>.
      </p>
      {exporting && <AuditExport filter={filter} onClose={() => setExporting(false)} />}
      {events.isError && <ProblemNotice problem={asProblem(events.error)} onRetry={() => void events.refetch()} />}
      {events.isPending && <Skeleton rows={10} label="Reading the log" />}
      {events.isSuccess && events.items.length === 0 && (
        <EmptyState act={filtered && <Act onAct={() => place.query({})}>Clear filters</Act>}>
          {filtered ? "No event matches these filters." : "Nothing has happened here yet."}
        </EmptyState>
      )}
      {events.items.length > 0 && (
        <LedgerTable
          caption="Events, newest first"
          rows={gather(events.items)}
          rowKey={({ first }) => String(first.seq)}
          tone={({ first }) => outcome(first).tone}
          columns={[
            {
              id: "at",
              title: "When",
              width: "190px",
              cell: ({ first, events: all }) => (
                <>
                  <time dateTime={first.at} className={css.line}>
                    {showTime(first.at)}
                  </time>
                  {showTime(all.at(-1)?.at ?? first.at) !== showTime(first.at) && (
                    <div className={`${css.meta} ${css.line}`}>since {showTime(all.at(-1)?.at ?? first.at)}</div>
                  )}
                </>
              ),
            },
            {
              id: "actor",
              title: "Who",
              cell: ({ first }) => <span className={css.line}>{actorOf(first, members)}</span>,
            },
            {
              id: "action",
              title: "What",
              lead: true,
              cell: ({ first, events: all }) => (
                <>
                  <span>
                    {sayAction(first.action, first.outcome, appWords)}
                    {all.length > 1 && `, ${all.length} batches`}
                  </span>
                  <div className={`${css.meta} ${css.mono}`}>{first.action}</div>
                  <p className={own.details}>{sayDetails(first.details)}</p>
                </>
              ),
            },
            {
              id: "object",
              title: "Object",
              cell: ({ first }) => <ObjectOf event={first} ws={place.params.ws ?? ""} />,
            },
            { id: "outcome", title: "Outcome", cell: ({ first }) => <StatusMark {...outcome(first)} /> },
            {
              id: "leaf",
              title: "Leaf",
              end: true,
              cell: ({ first, events: all }) => (
                <span className={`${css.mono} ${css.line}`} title={all.map((item) => item.leafHash).join("\n")}>
                  {all.length > 1 && `${all.at(-1)?.seq}–`}
                  {first.seq} · {first.leafHash.slice(0, 8)}…
                </span>
              ),
            },
          ]}
        />
      )}
      {events.isSuccess && events.items.length > 0 && (
        <More
          shown={events.items.length}
          total={events.total}
          noun="events"
          more={events.hasNextPage}
          busy={events.isFetchingNextPage}
          onMore={() => void events.fetchNextPage()}
        />
      )}
    </div>
  );
}

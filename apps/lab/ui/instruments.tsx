import { Act } from "@probity/web/kit/act.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { Choice } from "@probity/web/kit/field.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showDay } from "@probity/web/kit/time.ts";
import { read } from "@probity/web/shell/api.ts";
import { DownloadAct } from "@probity/web/shell/download-act.tsx";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { InstrumentForm } from "./instrument-form.tsx";
import { DueChart } from "./instrument-drawing.tsx";
import {
  instrumentLook,
  performedWord,
  qualityApi,
  qualityPage,
  sayFault,
  sayKind,
  type InstrumentList,
} from "./instrument-types.ts";
import css from "./lab.module.css";
import { refusedBecause } from "./words.ts";

/** Instruments: how each stands, and what falls due in the year ahead. */
export function Instruments() {
  useTitle("Instruments");
  const place = usePlace();
  const ws = place.params["ws"] ?? "";
  const given = (name: string) => (typeof place.search[name] === "string" ? place.search[name] : "");
  const filters = { status: given("status"), kind: given("kind"), q: given("q") };
  const asked = Object.fromEntries(
    Object.entries(filters).map(([name, value]) => [name, value === "" ? undefined : value]),
  );
  const list = useQuery({
    queryKey: ["lab-instruments", ws, filters],
    queryFn: () => read<InstrumentList>(qualityApi.instruments(asked)),
  });
  const [making, setMaking] = useState(false);
  const set = (values: Partial<typeof filters>) => place.query({ ...filters, ...values }, true);
  const found = list.data;
  const make = (
    <Act
      look="main"
      size="form"
      disabledReason={refusedBecause(found?.may, "lab.instrument.change", "reviewers")}
      onAct={() => setMaking(true)}
    >
      Register instrument
    </Act>
  );
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>Instruments</h1>
        {make}
      </div>
      <p className={page.lead}>
        A result made with an instrument that was overdue, on hold or not named when it was entered is not verified
        until another person lets it pass.
      </p>
      <div className={page.filters}>
        <input
          className={page.search}
          aria-label="Filter instruments"
          placeholder="Number, name, maker, place"
          defaultValue={filters.q}
          onKeyDown={(event) => event.key === "Enter" && set({ q: event.currentTarget.value })}
          onBlur={(event) => event.currentTarget.value !== filters.q && set({ q: event.currentTarget.value })}
        />
        <Choice
          quiet
          name="status"
          label="Stands"
          value={filters.status}
          options={[
            { value: "", label: "Any" },
            ...Object.entries(instrumentLook).map(([value, { word }]) => ({ value, label: word })),
          ]}
          onChange={(status) => set({ status })}
        />
        <Choice
          quiet
          name="kind"
          label="Kind"
          value={filters.kind}
          options={[
            { value: "", label: "Any" },
            ...(found?.kinds ?? []).map((kind) => ({ value: kind, label: sayKind(kind) })),
          ]}
          onChange={(kind) => set({ kind })}
        />
        <DownloadAct look="quiet" path={qualityApi.instruments({ ...asked, format: "csv" })} name="instruments.csv">
          Export these as CSV
        </DownloadAct>
      </div>
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton label="Reading the instruments" />}
      {found?.items.length === 0 && (
        <EmptyState act={found.total === 0 ? make : undefined}>
          {found.total === 0
            ? "No instrument yet. Register one with how often it is calibrated; worksheets then name it."
            : "No instrument matches. Widen the filter."}
        </EmptyState>
      )}
      {found !== undefined && found.items.length > 0 && (
        <>
          <section>
            <h2>Due in the year ahead</h2>
            <p className={page.meta}>● calibration · ■ qualification · ▲ maintenance</p>
            <DueChart items={found.items} now={list.dataUpdatedAt} />
          </section>
          <LedgerTable
            caption="Instruments"
            rows={found.items}
            rowKey={(each) => each.id}
            tone={(each) => instrumentLook[each.status].tone}
            columns={[
              {
                id: "number",
                title: "Instrument",
                lead: true,
                cell: (each) => (
                  <>
                    <Go to={qualityPage.instrument(ws, each.id)} className={css.number}>
                      {each.number}
                    </Go>{" "}
                    {each.name}
                    <div className={page.meta}>
                      {[sayKind(each.kind), each.make, each.model, each.serial === null ? null : `no. ${each.serial}`]
                        .filter((part) => part !== null)
                        .join(" · ")}
                    </div>
                  </>
                ),
              },
              {
                id: "status",
                title: "Stands",
                lead: true,
                width: "220px",
                cell: (each) => (
                  <>
                    <StatusMark {...instrumentLook[each.status]} />
                    {each.hold !== null && <div className={page.meta}>{each.hold.reason}</div>}
                    {each.hold === null && each.faults.length > 0 && (
                      <div className={page.meta}>{each.faults.map(sayFault).join(", ")}</div>
                    )}
                  </>
                ),
              },
              {
                id: "due",
                title: "Next due",
                width: "200px",
                cell: (each) =>
                  each.nextDueOn === null || each.nextDue === null ? (
                    ""
                  ) : (
                    <span className={each.status === "overdue" ? css.late : ""}>
                      {showDay(each.nextDueOn)}{" "}
                      <span className={page.meta}>{performedWord[each.nextDue].toLowerCase()}</span>
                    </span>
                  ),
              },
              { id: "place", title: "Place", width: "190px", cell: (each) => each.location ?? "" },
            ]}
          />
          <p className={page.muted}>
            {found.items.length === found.total
              ? `${found.total} instruments`
              : `${found.items.length} of ${found.total} instruments`}
          </p>
        </>
      )}
      <InstrumentForm
        key={making ? "open" : "closed"}
        open={making}
        onClose={() => setMaking(false)}
        onDone={(id) => place.go(qualityPage.instrument(ws, id))}
      />
    </div>
  );
}

import { Act } from "@probity/web/kit/act.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showDay } from "@probity/web/kit/time.ts";
import { read } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { FilterRow, useFilters } from "./filter-row.tsx";
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
import { Drawn } from "./save-drawing-acts.tsx";
import { refusedBecause } from "./words.ts";

/** Instruments: how each stands, and what falls due in the year ahead. */
export function Instruments() {
  useTitle("Instruments");
  const place = usePlace();
  const ws = place.params["ws"] ?? "";
  const filters = useFilters(["status", "kind", "q"]);
  const list = useQuery({
    queryKey: ["lab-instruments", ws, filters.asked],
    queryFn: () => read<InstrumentList>(qualityApi.instruments(filters.asked)),
  });
  const [making, setMaking] = useState(false);
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
      <FilterRow
        of="instruments"
        placeholder="Number, name, maker, place"
        filters={filters}
        choices={[
          {
            name: "status",
            label: "Stands",
            options: Object.entries(instrumentLook).map(([value, { word }]) => ({ value, label: word })),
          },
          {
            name: "kind",
            label: "Kind",
            options: (found?.kinds ?? []).map((kind) => ({ value: kind, label: sayKind(kind) })),
          },
        ]}
        file={{ path: qualityApi.instruments({ ...filters.asked, format: "csv" }), name: "instruments.csv" }}
      />
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
            <Drawn name="instruments-due" title="Instruments, due in the year ahead">
              <DueChart items={found.items} now={list.dataUpdatedAt} />
            </Drawn>
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

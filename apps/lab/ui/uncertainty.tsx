import { Act } from "@probity/web/kit/act.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { Field } from "@probity/web/kit/field.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showDay } from "@probity/web/kit/time.ts";
import { read, write } from "@probity/web/shell/api.ts";
import { DownloadAct } from "@probity/web/shell/download-act.tsx";
import page from "@probity/web/shell/page.module.css";
import { usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { FirstSteps, useNextStep } from "./first-steps.tsx";
import css from "./chart.module.css";
import { shortNumber } from "./chart-types.ts";
import { labApi } from "./path.ts";
import type { MethodVersion } from "./types.ts";
import { ProposeBudget } from "./uncertainty-propose.tsx";
import { uncertaintyApi, type Budget, type Budgets, type Component } from "./uncertainty-types.ts";
import { refusedBecause } from "./words.ts";

const looks = {
  proposed: { tone: "partial", word: "to approve" },
  approved: { tone: "sealed", word: "approved" },
  refused: { tone: "none", word: "not taken" },
} as const;
const shapes = {
  normal: "normal",
  rectangular: "rectangular",
  triangular: "triangular",
  "u-shaped": "u-shaped",
} as const;

/** Measurement uncertainty: what each source adds, by analyte and version of a method, and who stands for it. */
export function Uncertainty() {
  useTitle("Uncertainty");
  const place = usePlace();
  const ws = place.params["ws"] ?? "";
  const at = typeof place.search["at"] === "string" ? place.search["at"] : "";
  const list = useQuery({
    queryKey: ["lab-uncertainty", ws, at],
    queryFn: () => read<Budgets>(uncertaintyApi.list(at)),
  });
  const methods = useQuery({
    queryKey: ["lab-methods", ws],
    queryFn: () => read<{ items: MethodVersion[] }>(labApi.methods()),
  });
  const [making, setMaking] = useState(false);
  const queries = useQueryClient();
  const changed = () => void queries.invalidateQueries({ queryKey: ["lab-uncertainty", ws] });
  const found = list.data;
  const known = methods.data?.items ?? [];
  const make = (
    <Act
      look="main"
      disabledReason={refusedBecause(found?.may, "lab.chart.change", "technicians and reviewers")}
      onAct={() => setMaking(true)}
    >
      New budget
    </Act>
  );
  const groups = [...Map.groupBy(found?.items ?? [], (each) => `${each.methodId} ${each.analyte}`).values()];
  const none = found?.items.length === 0;
  const next = useNextStep(ws, none);
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>Uncertainty</h1>
        <span className={page.row}>
          {groups.length > 0 && (
            <DownloadAct path={uncertaintyApi.csv(at)} name={"uncertainty-budgets.csv"}>
              Export CSV
            </DownloadAct>
          )}
          {make}
        </span>
      </div>
      <p className={page.lead}>
        How sure a result is, from its sources (JCGM 100:2008). A result states the budget that was approved when it was
        entered; a later one states nothing anew.
      </p>
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton label="Reading the budgets" />}
      {none && next !== null && <FirstSteps ws={ws} next={next} />}
      {none && next === null && (
        <EmptyState act={make}>No budget yet. Until one is approved, results state no uncertainty.</EmptyState>
      )}
      {groups.length > 0 && (
        <div className={css.at}>
          <Field
            name="uncertainty-at"
            label="Worked out for a result of"
            value={at}
            onChange={(value) => place.query({ at: value }, true)}
            hint="Shares of the result grow with it; empty is 1."
            error={
              at === "" || /^\d+(\.\d+)?$/.test(at)
                ? undefined
                : "A number with a point, such as 7.24. The budgets beneath stand for 1."
            }
          />
        </div>
      )}
      {groups.map((versions) => {
        const shown = versions.find(({ state }) => state !== "refused") ?? versions[0];
        if (shown === undefined) return null;
        const analyte = known
          .find(({ methodId }) => methodId === shown.methodId)
          ?.definition.analytes.find(({ key }) => key === shown.analyte);
        return (
          <section key={`${shown.methodId} ${shown.analyte}`}>
            <h2>
              {analyte?.name ?? shown.analyte}{" "}
              <span className={page.muted}>{`${shown.method} ${shown.methodTitle}`}</span>
            </h2>
            {versions
              .filter((each) => each === shown || each.state === "approved")
              .slice(0, 2)
              .map((each) => (
                <One
                  key={each.id}
                  budget={each}
                  unit={analyte?.unit ?? ""}
                  you={found?.you ?? ""}
                  may={found?.may}
                  onChanged={changed}
                />
              ))}
          </section>
        );
      })}
      <ProposeBudget open={making} methods={known} onClose={() => setMaking(false)} onDone={changed} />
    </div>
  );
}

function One(props: {
  budget: Budget;
  unit: string;
  you: string;
  may: readonly string[] | undefined;
  onChanged: () => void;
}) {
  const { budget, unit } = props;
  const { of } = budget;
  const largest = of.shares.toSorted((a, b) => b.share - a.share)[0];
  const most = Math.max(largest?.share ?? 0, 0.01);
  return (
    <div className={page.form}>
      <p className={page.row}>
        <StatusMark {...looks[budget.state]} tinted />
        <b className={page.mono}>{`U = ${shortNumber(of.expanded, 2)} ${unit}`.trim()}</b>
        <span>{`for ${[budget.at, unit].join(" ").trim()}, k = ${shortNumber(budget.coverage)}`}</span>
        <span className={page.meta}>
          v{budget.number} of {budget.method} v{budget.methodNumber} · u = {shortNumber(of.standard, 3)} ·{" "}
          {of.degrees === null ? "degrees of freedom without end" : `${Math.floor(of.degrees)} degrees of freedom`} · 95
          % would ask for k = {of.coverageOf95.toFixed(2)}
        </span>
      </p>
      {largest !== undefined && (
        <p>{`Most of it comes from ${largest.name}: ${(largest.share * 100).toFixed(0)} % of the variance.`}</p>
      )}
      <LedgerTable
        caption={`Sources of budget v${budget.number}`}
        rows={budget.components.map((component, index) => ({ component, own: of.shares[index] }))}
        rowKey={({ component }) => component.name}
        columns={[
          { id: "name", title: "Source", lead: true, cell: ({ component }) => component.name },
          { id: "type", title: "Type", width: "60px", named: true, cell: ({ component }) => component.type },
          {
            id: "value",
            title: "Value",
            width: "190px",
            lead: true,
            cell: ({ component }) => sayComponent(component, unit),
          },
          {
            id: "divisor",
            title: "Divided by",
            width: "90px",
            named: true,
            cell: ({ component }) => sayDivisor(component),
          },
          {
            id: "standard",
            title: "u",
            width: "100px",
            end: true,
            cell: ({ own }) => <span className={page.mono}>{shortNumber(own?.standard ?? null, 3)}</span>,
          },
          {
            id: "share",
            title: "Share of variance",
            lead: true,
            width: "200px",
            cell: ({ own }) => (
              <span className={page.row}>
                <svg width="110" height="10" aria-hidden="true">
                  <rect className={css.bar} width={(110 * (own?.share ?? 0)) / most} height="10" />
                </svg>
                {`${((own?.share ?? 0) * 100).toFixed(0)} %`}
              </span>
            ),
          },
        ]}
      />
      <p className={page.meta}>
        {budget.proposedBy ?? "Probity"}, {showDay(budget.proposedAt)}: “{budget.reason}”
        {budget.decidedReason !== null &&
          ` · ${budget.decidedBy ?? ""}${budget.decidedAt === null ? "" : `, ${showDay(budget.decidedAt)}`}: “${budget.decidedReason}”`}
      </p>
      {budget.state === "proposed" && <Decide {...props} />}
    </div>
  );
}

function sayComponent(each: Component, unit: string): string {
  const value = [shortNumber(each.value), each.relative ? "% of the result" : unit]
    .filter((part) => part !== "")
    .join(" ");
  return `${each.distribution === "normal" ? "" : "± "}${value}, ${shapes[each.distribution]}${each.sensitivity === 1 ? "" : ` × ${shortNumber(each.sensitivity)}`}`;
}

function sayDivisor(each: Component): string {
  if (each.distribution === "normal") return shortNumber(each.divisor);
  return { rectangular: "√3", triangular: "√6", "u-shaped": "√2" }[each.distribution];
}

function Decide({
  budget,
  you,
  may,
  onChanged,
}: {
  budget: Budget;
  you: string;
  may: readonly string[] | undefined;
  onChanged: () => void;
}) {
  const [why, setWhy] = useState("");
  const decide = useMutation({
    mutationFn: (approved: boolean) =>
      write("POST", uncertaintyApi.decide(budget.id), { approved, reason: why.trim() }, { version: budget.version }),
    onSuccess: onChanged,
  });
  const refused =
    refusedBecause(may, "lab.chart.approve", "reviewers") ??
    (budget.proposedById === you
      ? "You proposed this budget, so somebody else approves it. Ask another reviewer."
      : why.trim() === ""
        ? "A decision says why."
        : undefined);
  return (
    <div className={page.sheet}>
      {decide.isError && <ProblemNotice problem={asProblem(decide.error)} />}
      <Field name={`budget-why-${budget.id}`} label="Because" value={why} onChange={setWhy} />
      <span className={page.row}>
        <Act look="main" busy={decide.isPending} disabledReason={refused} onAct={() => decide.mutate(true)}>
          Approve budget
        </Act>
        <Act busy={decide.isPending} disabledReason={refused} onAct={() => decide.mutate(false)}>
          Do not take it
        </Act>
      </span>
    </div>
  );
}

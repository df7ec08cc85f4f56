import { Act } from "@probity/web/kit/act.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { read } from "@probity/web/shell/api.ts";
import type { Page } from "@probity/web/shell/api-types.ts";
import { DownloadAct } from "@probity/web/shell/download-act.tsx";
import { Find } from "@probity/web/shell/find.tsx";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useQuery } from "@tanstack/react-query";
import { Fragment } from "react";
import { FirstSteps, useNextStep } from "./first-steps.tsx";
import { GateSettings } from "./gate-setting.tsx";
import { inspectPage } from "./inspect-path.ts";
import css from "./lab.module.css";
import { MasterList, Numbering } from "./master-lists.tsx";
import { NoticeSetting } from "./notice-setting.tsx";
import { NewMethod, NewSpecification } from "./new-master.tsx";
import { labApi } from "./path.ts";
import type { MethodVersion, Named, Specification } from "./types.ts";
import { useMay } from "./use-may.ts";
import { VersionsAhead } from "./versions-ahead.tsx";
import { refusedBecause } from "./words.ts";

const tabs = [
  { key: "limits", title: "Limits" },
  { key: "methods", title: "Methods" },
  { key: "products", title: "Products" },
  { key: "points", title: "Sampling points" },
  { key: "numbering", title: "Numbering" },
  { key: "gates", title: "Gates" },
  { key: "mails", title: "Mails" },
] as const;

/** Methods and limits in force, read as a document: what is determined how, and what it is held against. */
export function Methods() {
  useTitle("Methods & limits");
  const place = usePlace();
  const ws = place.params["ws"] ?? "";
  const tab = tabs.find((each) => each.key === place.search["tab"])?.key ?? "limits";
  const making = place.search["new"] === "1" ? tab : null;
  const at = (key: string, more: Record<string, string> = {}) =>
    place.query({ tab: key === "limits" ? undefined : key, ...more }, true);
  const next = useNextStep(ws);
  const may = useMay();
  const methods = useQuery({
    queryKey: ["lab-methods", ws],
    queryFn: () => read<{ items: MethodVersion[] }>(labApi.methods()),
  });
  const limits = useQuery({
    queryKey: ["lab-specifications", ws],
    queryFn: () => read<{ items: Specification[] }>(labApi.specifications()),
  });
  const products = useQuery({ queryKey: ["lab-products", ws], queryFn: () => read<Page<Named>>(labApi.products()) });
  const reads = tab === "limits" || tab === "methods";
  const failed = reads ? (methods.error ?? limits.error ?? products.error) : null;
  // A limit is read with the names of its product and determination, or not at all.
  const named = methods.data !== undefined && products.data !== undefined;
  const refused = refusedBecause(may, "lab.master.change", "admins");
  const lacking = next === "product" ? "Add a product first." : next === "method" ? "Add a method first." : undefined;
  const known = new Map((methods.data?.items ?? []).map((method) => [method.methodId, method]));
  const nameOf = (id: string) => products.data?.items.find((item) => item.id === id)?.name ?? "";
  const words = typeof place.search["q"] === "string" ? place.search["q"] : "";
  const matches = (...parts: readonly (string | undefined)[]) => {
    const text = parts.join(" ").toLowerCase();
    return words
      .toLowerCase()
      .split(/\s+/)
      .every((word) => text.includes(word));
  };
  const shownLimits = (limits.data?.items ?? []).filter((each) =>
    matches(
      nameOf(each.productId),
      each.code,
      each.title,
      ...each.limits.map(
        ({ methodId, analyte }) =>
          known.get(methodId)?.definition.analytes.find(({ key }) => key === analyte)?.name ?? analyte,
      ),
    ),
  );
  const shownMethods = (methods.data?.items ?? []).filter((each) =>
    matches(each.code, each.title, each.definition.reference),
  );
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>Methods &amp; limits</h1>
        <span className={page.row}>
          <Act disabledReason={refused} onAct={() => at("methods", { new: "1" })}>
            New method
          </Act>
          <Act disabledReason={refused ?? lacking} onAct={() => at("limits", { new: "1" })}>
            New specification
          </Act>
        </span>
      </div>
      <p className={page.lead}>
        Versions in force. A sample keeps the ones it was registered with: a new version never touches it.
      </p>
      <nav className={css.tabs} aria-label="Set-up">
        {tabs.map((each) => (
          <Act key={each.key} look="quiet" pressed={tab === each.key} onAct={() => at(each.key)}>
            {each.title}
          </Act>
        ))}
      </nav>
      {making === "methods" && <NewMethod ws={ws} onClose={() => at(tab)} />}
      {making === "limits" && products.data !== undefined && methods.data !== undefined && (
        <NewSpecification
          ws={ws}
          products={products.data?.items ?? []}
          methods={methods.data?.items ?? []}
          onClose={() => at(tab)}
        />
      )}
      {tab === "products" && <MasterList key={tab} path="products" ws={ws} refused={refused} />}
      {tab === "points" && <MasterList key={tab} path="sampling-points" ws={ws} refused={refused} />}
      {tab === "numbering" && <Numbering ws={ws} />}
      {tab === "gates" && <GateSettings ws={ws} />}
      {tab === "mails" && <NoticeSetting ws={ws} />}
      {failed !== null && (
        <ProblemNotice
          problem={asProblem(failed)}
          onRetry={() => void Promise.all([methods.refetch(), limits.refetch(), products.refetch()])}
        />
      )}
      {reads && failed === null && (methods.isPending || limits.isPending) && (
        <Skeleton label="Reading methods and limits" />
      )}
      {reads && next !== null && making === null && <FirstSteps ws={ws} next={next} />}
      {reads && <VersionsAhead ws={ws} kind={tab === "limits" ? "specification" : "method"} />}
      {((tab === "limits" && (limits.data?.items.length ?? 0) > 0) ||
        (tab === "methods" && (methods.data?.items.length ?? 0) > 0)) && (
        <div className={page.filters} role="search">
          <Find
            label={`Filter ${tab} by words`}
            hint={tab === "limits" ? "Product, specification, determination" : "Code, title, reference"}
            value={words}
            onFind={(found) => at(tab, { q: found })}
          />
          <DownloadAct
            look="quiet"
            path={tab === "limits" ? labApi.limitFile(words) : labApi.methodFile(words)}
            name={tab === "limits" ? "limits.csv" : "methods.csv"}
          >
            Export these as CSV
          </DownloadAct>
        </div>
      )}
      {words !== "" &&
        ((tab === "limits" && shownLimits.length === 0) || (tab === "methods" && shownMethods.length === 0)) && (
          <EmptyState act={<Act onAct={() => at(tab)}>Clear the filter</Act>}>
            Nothing matches. Use other words, or fewer.
          </EmptyState>
        )}
      {(tab === "limits" && named ? shownLimits : []).map((specification) => (
        <section key={specification.id}>
          <h2>
            {nameOf(specification.productId)}{" "}
            <Go to={inspectPage.specification(ws, specification.specificationId)} className={page.line}>
              {`${specification.code} v${specification.number}`}
            </Go>
          </h2>
          <LedgerTable
            caption={specification.title}
            rows={specification.limits}
            rowKey={(row) => row.analyte}
            columns={[
              {
                id: "analyte",
                title: "Determination",
                lead: true,
                cell: (row) => {
                  const analyte = known.get(row.methodId)?.definition.analytes.find((each) => each.key === row.analyte);
                  return (
                    <>
                      <b>{analyte?.name ?? row.analyte}</b> <span className={page.meta}>{analyte?.unit}</span>
                    </>
                  );
                },
              },
              {
                id: "limit",
                title: "Limit",
                width: "200px",
                cell: (row) => <span className={page.mono}>{ends(row)}</span>,
              },
              {
                id: "warn",
                title: "Warns",
                width: "160px",
                cell: (row) => <span className={page.mono}>{warns(row)}</span>,
              },
              {
                id: "compare",
                title: "Compared",
                width: "110px",
                cell: (row) => (row.compare === "rounded" ? "as reported" : "as entered"),
              },
              {
                id: "decision",
                title: "Decided",
                width: "150px",
                cell: (row) => (row.decision ? `guard band ${row.decision.factor} U` : "simple acceptance"),
              },
              { id: "method", title: "Method", width: "90px", cell: (row) => known.get(row.methodId)?.code ?? "" },
            ]}
          />
        </section>
      ))}
      {tab === "methods" && shownMethods.length > 0 && (
        <section>
          <h2>Methods</h2>
          <dl className={css.facts}>
            {shownMethods.map((method) => (
              <div key={method.id}>
                <dt>{`${method.code} v${method.number}${method.definition.reference === undefined ? "" : `, ${method.definition.reference}`}`}</dt>
                <dd>
                  <Go to={inspectPage.method(ws, method.methodId)}>{method.title}</Go>
                  {method.definition.analytes.map((analyte) => (
                    <Fragment key={analyte.key}>
                      {analyte.formula && (
                        <div className={page.mono}>
                          {analyte.key} = {analyte.formula}
                        </div>
                      )}
                      <div className={page.meta}>
                        {analyte.kind === "text"
                          ? (analyte.choices ?? []).join(", ")
                          : `${analyte.decimals === null ? "as entered" : `${analyte.decimals} decimals, ${analyte.rule}`}${analyte.quantification ? `, quantified from ${analyte.quantification}` : ""} ${analyte.unit}`}
                      </div>
                    </Fragment>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </section>
      )}
    </div>
  );
}

type Limit = Specification["limits"][number];
function ends(limit: Limit): string {
  if ((limit.texts ?? []).length > 0) return (limit.texts ?? []).join(" or ");
  const [low, high] = [limit.low ?? null, limit.high ?? null];
  if (low !== null && high !== null && !limit.lowOpen && !limit.highOpen) return `${low}–${high}`;
  return [
    low === null ? "" : `${limit.lowOpen ? ">" : "≥"} ${low}`,
    high === null ? "" : `${limit.highOpen ? "<" : "≤"} ${high}`,
  ]
    .filter((each) => each !== "")
    .join(" and ");
}
function warns(limit: Limit): string {
  return [limit.warnLow ? `< ${limit.warnLow}` : "", limit.warnHigh ? `> ${limit.warnHigh}` : ""]
    .filter((each) => each !== "")
    .join(", ");
}

import { Act } from "@probity/web/kit/act.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { Choice } from "@probity/web/kit/field.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { read } from "@probity/web/shell/api.ts";
import { DownloadAct } from "@probity/web/shell/download-act.tsx";
import { Find } from "@probity/web/shell/find.tsx";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import {
  certificateApi,
  certificatePage,
  conformity,
  standingLook,
  type CertificateLine,
  type Customer,
} from "./certificate-types.ts";
import css from "./certificate.module.css";
import { labPage } from "./path.ts";

const states = [
  { value: "", label: "All" },
  { value: "current", label: "In force" },
  { value: "reopened", label: "Sample reopened" },
  { value: "draft", label: "Drafts" },
  { value: "superseded", label: "Superseded" },
  { value: "discarded", label: "Discarded drafts" },
] as const;

/** Certificates of analysis, newest first: which is in force, which was superseded and by which. */
export function Certificates() {
  useTitle("Certificates");
  const { params, search, query } = usePlace();
  const ws = params.ws ?? "";
  const state = states.find(({ value }) => value === search["state"])?.value ?? "";
  const q = typeof search["q"] === "string" ? search["q"] : "";
  const customer = typeof search["customer"] === "string" ? search["customer"] : "";
  const given = { state: state || undefined, q: q || undefined, customer: customer || undefined };
  const list = useQuery({
    queryKey: ["lab-certificates", ws, state, q, customer],
    queryFn: () => read<{ items: CertificateLine[] }>(certificateApi.list(given)),
    placeholderData: keepPreviousData,
  });
  const customers = useQuery({
    queryKey: ["lab-customers", ws],
    queryFn: () => read<{ items: Customer[] }>(certificateApi.customers()),
  });
  const items = list.data?.items ?? [];
  const narrowed = state !== "" || q !== "" || customer !== "";
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>Certificates</h1>
        <span className={page.row}>
          <Go to={certificatePage.templates(ws)}>Templates</Go>
          <DownloadAct path={certificateApi.list({ ...given, format: "csv" })} name="certificates.csv">
            Export CSV
          </DownloadAct>
        </span>
      </div>
      <div className={page.filters}>
        <Find
          label="Find by number, sample, lot, product or customer"
          hint="Number, sample, lot, customer"
          value={q}
          onFind={(words) => query({ ...given, q: words }, true)}
        />
        <Choice
          quiet
          name="state"
          label="State"
          value={state}
          options={states}
          onChange={(value) => query({ ...given, state: value }, true)}
        />
        {(customers.data?.items.length ?? 0) > 0 && (
          <Choice
            quiet
            name="customer"
            label="Customer"
            value={customer}
            options={[
              { value: "", label: "All" },
              ...(customers.data?.items ?? []).map((each) => ({ value: each.id, label: each.name })),
            ]}
            onChange={(value) => query({ ...given, customer: value }, true)}
          />
        )}
        <span className={page.muted}>{list.isSuccess && `${items.length.toLocaleString("en-GB")} match`}</span>
      </div>
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton label="Reading the certificates" />}
      {list.isSuccess && items.length === 0 && (
        <EmptyState
          act={
            narrowed ? (
              <Act onAct={() => query({}, true)}>Clear the filters</Act>
            ) : (
              <Go to={labPage.samples(ws)}>Open the samples</Go>
            )
          }
        >
          {narrowed
            ? "No certificate fits these filters."
            : "No certificate yet. One is prepared from a published sample, signed, and sealed by this instance."}
        </EmptyState>
      )}
      {items.length > 0 && (
        <LedgerTable
          caption="Certificates"
          rows={items}
          rowKey={(each) => each.id}
          tone={(each) => standingLook[each.standing].tone}
          columns={[
            {
              id: "number",
              title: "Certificate",
              lead: true,
              width: "150px",
              cell: (each) => (
                <Go to={certificatePage.one(ws, each.id)} className={css.number}>
                  {each.standing === "superseded" || each.standing === "discarded" ? <s>{each.number}</s> : each.number}
                </Go>
              ),
            },
            {
              id: "sample",
              title: "Sample",
              lead: true,
              cell: (each) => (
                <>
                  <b>{each.product}</b>
                  <div className={page.meta}>
                    {each.sample}
                    {each.lot !== null && ` · ${each.lot}`}
                    {each.customer !== null && ` · ${each.customer}`}
                  </div>
                </>
              ),
            },
            { id: "verdict", title: "Result", cell: (each) => <StatusMark {...conformity[each.verdict]} /> },
            {
              id: "standing",
              title: "Stands",
              lead: true,
              cell: (each) => (
                <>
                  <StatusMark {...standingLook[each.standing]} />
                  {each.supersededBy !== null && <div className={page.meta}>by {each.supersededBy}</div>}
                  {each.supersedes !== null && each.supersededBy === null && (
                    <div className={page.meta}>supersedes {each.supersedes}</div>
                  )}
                </>
              ),
            },
            {
              id: "issued",
              title: "Issued",
              named: true,
              width: "200px",
              cell: (each) => (each.issuedAt === null ? "–" : showTime(each.issuedAt)),
            },
          ]}
        />
      )}
    </div>
  );
}

import { Act } from "@probity/web/kit/act.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
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
import { certificateApi, certificatePage, conformity } from "./certificate-types.ts";
import css from "./certificate.module.css";
import type { Verdict } from "./types.ts";

type Line = {
  id: string;
  number: string;
  product: string;
  lot: string | null;
  verdict: Verdict;
  publishedAt: string | null;
  certificate: string | null;
  certificateId: string | null;
};
type Waiting = { number: string; product: string; lot: string | null; stage: string; receivedAt: string | null };

/** A customer's own samples: what is published, and how far the others are. */
export function MySamples() {
  useTitle("My samples");
  const { params, search, query } = usePlace();
  const ws = params.ws ?? "";
  const q = typeof search["q"] === "string" ? search["q"] : "";
  const list = useQuery({
    queryKey: ["lab-portal", ws, q],
    queryFn: () =>
      read<{ customer: string | null; items: Line[]; waiting: Waiting[] }>(
        certificateApi.portal({ q: q || undefined }),
      ),
    placeholderData: keepPreviousData,
  });
  const items = list.data?.items ?? [];
  const waiting = list.data?.waiting ?? [];
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>My samples</h1>
        {items.length > 0 && (
          <DownloadAct path={certificateApi.portal({ q: q || undefined, format: "csv" })} name="my-samples.csv">
            Export CSV
          </DownloadAct>
        )}
      </div>
      {list.data?.customer !== undefined && list.data.customer !== null && (
        <p className={page.lead}>{`Published results and certificates of ${list.data.customer}.`}</p>
      )}
      <div className={page.filters}>
        <Find
          label="Find by number, lot or product"
          hint="Number, lot, product"
          value={q}
          onFind={(words) => query({ q: words }, true)}
        />
      </div>
      {list.isPending && <Skeleton label="Reading your samples" />}
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {list.isSuccess && items.length === 0 && (
        <EmptyState act={q === "" ? undefined : <Act onAct={() => query({}, true)}>Show all</Act>}>
          {q !== ""
            ? "No sample of yours matches."
            : list.data.customer === null
              ? "You are no contact of a customer here any more. Ask the laboratory."
              : "Nothing is published for you yet. Results stand here as soon as they are."}
        </EmptyState>
      )}
      {items.length > 0 && (
        <LedgerTable
          caption="My samples"
          rows={items}
          rowKey={(each) => each.id}
          tone={(each) => conformity[each.verdict].tone}
          columns={[
            {
              id: "number",
              title: "Sample",
              lead: true,
              cell: (each) => (
                <>
                  <Go to={certificatePage.portalSample(ws, each.id)} className={css.number}>
                    {each.number}
                  </Go>
                  <div className={page.meta}>
                    {each.product}
                    {each.lot !== null && ` · ${each.lot}`}
                  </div>
                </>
              ),
            },
            {
              id: "verdict",
              title: "Result",
              lead: true,
              cell: (each) => <StatusMark {...conformity[each.verdict]} />,
            },
            {
              id: "published",
              title: "Published",
              named: true,
              cell: (each) => (each.publishedAt === null ? "–" : showTime(each.publishedAt)),
            },
            {
              id: "certificate",
              title: "Certificate",
              named: true,
              cell: (each) => each.certificate ?? "not made yet",
            },
          ]}
        />
      )}
      {waiting.length > 0 && (
        <section className={css.side}>
          <h2>In the laboratory</h2>
          <ul className={css.lines}>
            {waiting.map((each) => (
              <li key={each.number} className={css.line}>
                <span>
                  <span className={css.number}>{each.number}</span> {each.product}
                  {each.lot !== null && <span className={page.muted}> · {each.lot}</span>}
                </span>
                <span className={page.meta}>
                  {each.stage === "expected"
                    ? "expected"
                    : `being tested${each.receivedAt === null ? "" : `, received ${showTime(each.receivedAt)}`}`}
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

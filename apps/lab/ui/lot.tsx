import { Act } from "@probity/web/kit/act.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { ProofLine } from "@probity/web/kit/proof-line.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showDay, showTime } from "@probity/web/kit/time.ts";
import { read } from "@probity/web/shell/api.ts";
import { DownloadAct } from "@probity/web/shell/download-act.tsx";
import { PageProblem } from "@probity/web/shell/page-problem.tsx";
import page from "@probity/web/shell/page.module.css";
import { page as shellPage } from "@probity/web/shell/path.ts";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { inspectPage } from "./inspect-path.ts";
import { lotLook, qualityApi, qualityPage, sayKind, type LotWhole, type TraceLine } from "./instrument-types.ts";
import css from "./lab.module.css";
import { Left } from "./left.tsx";
import { LotAct, type LotAsked } from "./lot-act.tsx";
import { labPage } from "./path.ts";
import { refusedBecause, verdictLook } from "./words.ts";

const eventWords: Readonly<Record<string, string>> = {
  received: "Received",
  opened: "Opened",
  released: "Released",
  quarantined: "Put into quarantine",
  rejected: "Rejected",
};
const takenWords = { received: "Received", used: "Used", disposed: "Disposed of", counted: "Counted" } as const;

/** One lot: its label, what happened to it, what went where, and every result it went into. */
export function LotPage() {
  const place = usePlace();
  const [ws, id] = [place.params["ws"] ?? "", place.params["id"] ?? ""];
  const key = ["lab-lot", id];
  const one = useQuery({ queryKey: key, queryFn: () => read<LotWhole>(qualityApi.lot(id)) });
  const trace = useQuery({
    queryKey: ["lab-lot-trace", id],
    queryFn: () => read<{ items: TraceLine[] }>(qualityApi.trace(id)),
  });
  const [asked, setAsked] = useState<LotAsked | null>(null);
  const queries = useQueryClient();
  const found = one.data;
  useTitle(found === undefined ? "Lot" : `${found.material} ${found.number}`);
  if (one.isError && one.data === undefined)
    return (
      <PageProblem
        title="Lot"
        error={one.error}
        onRetry={() => void one.refetch()}
        back={<Go to={qualityPage.materials(ws)}>All lots</Go>}
      />
    );
  if (found === undefined)
    return (
      <div className={page.page}>
        <Skeleton heading label="Reading the lot" />
      </div>
    );
  const noHandle = refusedBecause(found.may, "lab.lot.handle", "technicians");
  const noRelease = refusedBecause(found.may, "lab.lot.release", "reviewers");
  const own = found.events.find(
    (each) => each.byId === found.you && (each.act === "received" || each.act === "quarantined"),
  );
  const ownReason =
    own === undefined
      ? undefined
      : `You ${own.act === "received" ? "received" : "put away"} it, so somebody else releases it. Ask another reviewer.`;
  const waits = found.state === "received" || found.state === "quarantined";
  const why = found.events.find((each) => each.act !== "opened")?.reason;
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1 className={css.number}>{found.number}</h1>
        <span>{found.materialName}</span>
        <StatusMark {...lotLook[found.status]} tinted />
        <span className={page.row}>
          <DownloadAct path={qualityApi.lotCsv(id)} name={`lot-${found.number}.csv`}>
            Export CSV
          </DownloadAct>
          {waits && (
            <Act look="main" disabledReason={noRelease ?? ownReason} onAct={() => setAsked("released")}>
              Release lot
            </Act>
          )}
          {found.openedAt === null && found.state !== "rejected" && (
            <Act disabledReason={noHandle} onAct={() => setAsked("opened")}>
              Open
            </Act>
          )}
          {found.state === "released" && (
            <Act
              disabledReason={noHandle === undefined || noRelease === undefined ? undefined : noHandle}
              onAct={() => setAsked("quarantined")}
            >
              Put into quarantine
            </Act>
          )}
          {found.state !== "rejected" && (
            <Act disabledReason={noRelease} onAct={() => setAsked("rejected")}>
              Reject
            </Act>
          )}
          <Act look={waits ? "plain" : "main"} disabledReason={noHandle} onAct={() => setAsked("take")}>
            Take or count
          </Act>
        </span>
      </div>
      {(found.status === "quarantined" || found.status === "rejected") && (
        <Notice tone="gap">
          {found.status === "rejected" ? "Rejected" : "In quarantine"}
          {why === null || why === undefined ? "." : `: ${why}`} Results made with it that are not verified are held;
          those that are stand below.
        </Notice>
      )}
      {found.status === "expired" && (
        <Notice tone="gap">
          Its last day was {showDay(found.lastDay)}. Results entered with it since are held. Take another lot.
        </Notice>
      )}
      <dl className={css.facts}>
        <Fact title="Material" value={`${found.material} · ${sayKind(found.kind)}`} />
        <Fact title="Supplier" value={found.supplier} />
        <Fact title="Certificate" value={found.certificate} mono />
        <Fact title="Content" value={found.content ?? ""} />
        <Fact title="Received" value={showDay(found.receivedOn)} />
        <Fact
          title={found.afterOpeningDays === null ? "Opened" : `Opened, good for ${found.afterOpeningDays} days`}
          value={found.openedAt === null ? "not yet" : showTime(found.openedAt)}
        />
        <Fact
          title="Last day"
          value={`${showDay(found.lastDay)}${found.lastDay === found.expiresOn ? "" : ` (label ${showDay(found.expiresOn)})`}`}
        />
        <div>
          <dt>Left</dt>
          <dd>
            <Left lot={found} />
          </dd>
        </div>
      </dl>
      <div className={css.two}>
        <section>
          <h2>What came in and went</h2>
          <div className={css.scroll}>
            <LedgerTable
              caption="Consumption"
              rows={found.consumption}
              rowKey={(each) => each.id}
              columns={[
                {
                  id: "act",
                  title: "Act",
                  lead: true,
                  cell: (each) => (
                    <>
                      <b>{takenWords[each.act]}</b>{" "}
                      {each.worksheetId !== null && (
                        <Go to={labPage.worksheet(ws, each.worksheetId)} className={css.number}>
                          {each.worksheet}
                        </Go>
                      )}{" "}
                      {each.purpose}
                      <div className={page.meta}>{`${each.by}, ${showTime(each.at)}`}</div>
                    </>
                  ),
                },
                {
                  id: "quantity",
                  title: `Quantity, ${found.unit}`,
                  width: "110px",
                  end: true,
                  lead: true,
                  cell: (each) => <span className={page.mono}>{each.quantity}</span>,
                },
                {
                  id: "left",
                  title: `Left, ${found.unit}`,
                  width: "110px",
                  end: true,
                  cell: (each) => <span className={page.mono}>{each.left}</span>,
                },
              ]}
            />
          </div>
        </section>
        <section>
          <h2>What happened</h2>
          <ul className={css.lines}>
            {found.events.map((each) => (
              <li key={each.id}>
                <span>
                  <b>{eventWords[each.act] ?? each.act}</b> {each.reason}
                </span>
                <span className={page.meta}>{`${each.by}, ${showTime(each.at)}`}</span>
              </li>
            ))}
          </ul>
        </section>
      </div>
      <Trace ws={ws} id={id} items={trace.data?.items} error={trace.error} />
      <ProofLine
        parts={[
          `${found.events.length + found.consumption.length} entries`,
          "none of them is ever changed",
          "what is left is added up by the database",
        ]}
      >
        <Go to={shellPage.audit(ws, id)}>Its events in the audit trail</Go>
      </ProofLine>
      <LotAct
        key={asked ?? "none"}
        asked={asked}
        found={found}
        onClose={() => setAsked(null)}
        onDone={() => {
          setAsked(null);
          void queries.invalidateQueries({ queryKey: key });
          void queries.invalidateQueries({ queryKey: ["lab-lots"] });
          void queries.invalidateQueries({ queryKey: ["lab-lot-trace", id] });
        }}
      />
    </div>
  );
}

/** Where the lot went: what a recall asks. */
function Trace(props: { ws: string; id: string; items: TraceLine[] | undefined; error: unknown }) {
  const { ws, items } = props;
  const [shown, setShown] = useState(20);
  const samples = new Set((items ?? []).flatMap((each) => each.sample ?? []));
  return (
    <section>
      <div className={page.head}>
        <h2>Where it was used</h2>
        {items !== undefined && items.length > 0 && (
          <DownloadAct look="quiet" path={qualityApi.trace(props.id, "csv")} name="trace.csv">
            Export trace as CSV
          </DownloadAct>
        )}
      </div>
      {props.error !== null && <ProblemNotice problem={asProblem(props.error)} />}
      {items === undefined && props.error === null && <Skeleton label="Following the lot" />}
      {items?.length === 0 && <p className={page.muted}>No result was made with it yet.</p>}
      {items !== undefined && items.length > 0 && (
        <>
          <p className={page.muted}>
            {items.length} results of {samples.size} samples.
          </p>
          <div className={css.scroll}>
            <LedgerTable
              caption="Results made with this lot"
              rows={items.slice(0, shown)}
              rowKey={(each) => each.id}
              tone={(each) => (each.verdict === null ? null : verdictLook[each.verdict].tone)}
              columns={[
                {
                  id: "sample",
                  title: "Sample",
                  lead: true,
                  cell: (each) => (
                    <>
                      {each.sample === null || each.sampleId === null ? (
                        each.kind
                      ) : (
                        <Go to={labPage.sample(ws, each.sampleId)} className={css.number}>
                          {each.sample}
                        </Go>
                      )}{" "}
                      {each.product} <span className={page.meta}>{each.batch}</span>
                    </>
                  ),
                },
                {
                  id: "result",
                  title: "Result",
                  lead: true,
                  cell: (each) => (
                    <>
                      <Go to={inspectPage.evidence(ws, each.id)}>{each.determination}</Go>{" "}
                      <span className={`${page.mono} ${css.exact}`} title={each.value ?? undefined}>
                        {each.value}
                      </span>{" "}
                      {each.unit}
                    </>
                  ),
                },
                {
                  id: "verdict",
                  title: "Verdict",
                  width: "110px",
                  cell: (each) => each.verdict !== null && <StatusMark {...verdictLook[each.verdict]} />,
                },
                { id: "state", title: "State", width: "90px", cell: (each) => each.state },
                {
                  id: "sheet",
                  title: "Worksheet",
                  width: "130px",
                  cell: (each) =>
                    each.worksheetId === null ? (
                      ""
                    ) : (
                      <Go to={labPage.worksheet(ws, each.worksheetId)} className={css.number}>
                        {each.worksheet}
                      </Go>
                    ),
                },
                {
                  id: "entered",
                  title: "Entered",
                  width: "200px",
                  cell: (each) => (
                    <span className={page.meta}>
                      {each.enteredAt === null ? "" : `${each.enteredBy ?? ""}, ${showTime(each.enteredAt)}`}
                    </span>
                  ),
                },
              ]}
            />
          </div>
          {items.length > shown && (
            <p className={page.row}>
              <span className={page.muted}>
                The newest {shown} of {items.length}; the export holds all.
              </span>
              <Act onAct={() => setShown(shown + 100)}>Show {Math.min(100, items.length - shown)} more</Act>
            </p>
          )}
        </>
      )}
    </section>
  );
}

function Fact({ title, value, mono = false }: { title: string; value: string; mono?: boolean }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd className={mono ? page.mono : ""}>{value === "" ? "–" : value}</dd>
    </div>
  );
}

import { Act } from "@probity/web/kit/act.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
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
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Attachments } from "./attachments.tsx";
import { InstrumentAct, type Asked } from "./instrument-act.tsx";
import { Timeline } from "./instrument-drawing.tsx";
import { InstrumentForm } from "./instrument-form.tsx";
import {
  instrumentLook,
  outcomeWord,
  performedWord,
  qualityApi,
  qualityPage,
  sayFault,
  sayKind,
  type InstrumentEvent,
  type InstrumentWhole,
} from "./instrument-types.ts";
import css from "./lab.module.css";
import { labPage } from "./path.ts";
import { refusedBecause } from "./words.ts";

/** One instrument: how it stands and why, its calibrations in time, and what was measured with it. */
export function InstrumentPage() {
  const place = usePlace();
  const [ws, id] = [place.params["ws"] ?? "", place.params["id"] ?? ""];
  const key = ["lab-instrument", id];
  const one = useQuery({ queryKey: key, queryFn: () => read<InstrumentWhole>(qualityApi.instrument(id)) });
  const [asked, setAsked] = useState<Asked | null>(null);
  const [correcting, setCorrecting] = useState(false);
  const queries = useQueryClient();
  const changed = () => {
    setAsked(null);
    setCorrecting(false);
    void queries.invalidateQueries({ queryKey: key });
    void queries.invalidateQueries({ queryKey: ["lab-instruments"] });
  };
  const found = one.data;
  useTitle(found?.number ?? "Instrument");
  if (one.isError && one.data === undefined)
    return (
      <PageProblem
        title="Instrument"
        error={one.error}
        onRetry={() => void one.refetch()}
        back={<Go to={qualityPage.instruments(ws)}>All instruments</Go>}
      />
    );
  if (found === undefined)
    return (
      <div className={page.page}>
        <Skeleton heading label="Reading the instrument" />
      </div>
    );
  const look = instrumentLook[found.status];
  const noChange = refusedBecause(found.may, "lab.instrument.change", "reviewers");
  const noHold = refusedBecause(found.may, "lab.instrument.hold", "technicians and reviewers");
  const ownHold =
    found.hold?.byId === found.you
      ? "You put it on hold, so somebody else releases it. Ask another reviewer."
      : undefined;
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1 className={css.number}>{found.number}</h1>
        <span>{found.name}</span>
        <StatusMark {...look} tinted />
        <span className={page.row}>
          <DownloadAct path={qualityApi.instrumentCsv(id)} name={`instrument-${found.number}.csv`}>
            Export CSV
          </DownloadAct>
          <Act disabledReason={noChange} onAct={() => setCorrecting(true)}>
            Correct facts
          </Act>
          {found.status === "retired" ? (
            <Act disabledReason={noChange} onAct={() => setAsked("return")}>
              Bring back
            </Act>
          ) : (
            <>
              {found.hold === null ? (
                <Act disabledReason={noHold} onAct={() => setAsked("hold")}>
                  Put on hold
                </Act>
              ) : (
                <Act look="main" disabledReason={noChange ?? ownHold} onAct={() => setAsked("release")}>
                  Release from hold
                </Act>
              )}
              <Act
                look={found.hold === null ? "main" : "plain"}
                disabledReason={noChange}
                onAct={() => setAsked("record")}
              >
                Record calibration
              </Act>
            </>
          )}
        </span>
      </div>
      {found.hold !== null && (
        <Notice tone="gap">
          On hold since {showTime(found.hold.at)}, {found.hold.by}: {found.hold.reason} Results made with it are kept
          and not verified. Another person releases it.
        </Notice>
      )}
      {found.hold === null && found.faults.length > 0 && found.status !== "retired" && (
        <Notice tone="gap">
          {sentence(found.faults.map(sayFault).join(", "))}. Results entered with it now are kept and not verified.
          Record what is missing before it is used.
        </Notice>
      )}
      <dl className={css.facts}>
        <Fact title="Kind" value={sayKind(found.kind)} />
        <Fact title="Maker and model" value={[found.make, found.model].filter((each) => each !== null).join(" ")} />
        <Fact title="Serial number" value={found.serial ?? ""} mono />
        <Fact title="Place" value={found.location ?? ""} />
        {found.due.map(({ act, months, on }) => (
          <Fact
            key={act}
            title={months === null ? performedWord[act] : `${performedWord[act]}, every ${months} months`}
            value={on === null ? (months === null ? "not planned" : "never done, or failed") : `due ${showDay(on)}`}
          />
        ))}
      </dl>
      <section>
        <h2>Timeline</h2>
        {found.events.some((each) => each.performedOn !== null) ? (
          <Timeline found={found} events={found.events} now={one.dataUpdatedAt} />
        ) : (
          <p className={page.muted}>No calibration is on record. Until one is, results made with it are held.</p>
        )}
      </section>
      <section>
        <h2>What happened</h2>
        <LedgerTable
          caption="Events"
          rows={found.events}
          rowKey={(each) => each.id}
          tone={(each) =>
            each.outcome !== null ? outcomeWord[each.outcome].tone : each.act === "hold" ? "gap" : "none"
          }
          columns={[
            {
              id: "act",
              title: "Event",
              lead: true,
              cell: (each) => (
                <>
                  <b>{eventWord(each)}</b>{" "}
                  {each.performedOn !== null && (
                    <span className={page.meta}>performed {showDay(each.performedOn)}</span>
                  )}
                  {each.reason !== null && <div>{each.reason}</div>}
                </>
              ),
            },
            {
              id: "outcome",
              title: "Outcome",
              width: "120px",
              cell: (each) => each.outcome !== null && <StatusMark {...outcomeWord[each.outcome]} />,
            },
            {
              id: "certificate",
              title: "Certificate",
              width: "180px",
              cell: (each) => (
                <>
                  <span className={page.mono}>{each.reference ?? ""}</span>
                  {each.provider !== null && <div className={page.meta}>{each.provider}</div>}
                </>
              ),
            },
            {
              id: "due",
              title: "Good until",
              width: "120px",
              named: true,
              cell: (each) => (each.dueOn === null ? "" : showDay(each.dueOn)),
            },
            {
              id: "by",
              title: "Recorded",
              width: "210px",
              cell: (each) => <span className={page.meta}>{`${each.by}, ${showTime(each.at)}`}</span>,
            },
          ]}
        />
        {found.events.length === 0 && <p className={page.muted}>Nothing is on record yet.</p>}
      </section>
      {found.events.length > 0 && (
        <Attachments
          filter={{ instrument: id }}
          beside={found.events.map((each) => ({
            place: "instrument-events",
            id: each.id,
            title: `${eventWord(each)}, ${each.performedOn === null ? showTime(each.at) : showDay(each.performedOn)}`,
          }))}
          may={found.may}
          empty="No certificate, print-out or photo is beside any of these."
        />
      )}
      <section>
        <h2>Used for</h2>
        {found.uses.length === 0 ? (
          <p className={page.muted}>
            No result was made with it yet. A worksheet names it under Instruments &amp; materials.
          </p>
        ) : (
          <ul className={css.lines}>
            {found.uses.map((each) => (
              <li key={each.worksheetId ?? "none"}>
                <span>
                  {each.worksheetId === null ? (
                    "Results on no worksheet"
                  ) : (
                    <Go to={labPage.worksheet(ws, each.worksheetId)} className={css.number}>
                      {each.worksheet}
                    </Go>
                  )}{" "}
                  {each.title}
                </span>
                <span className={page.meta}>
                  {each.results} {each.results === 1 ? "result" : "results"}
                  {each.waiting > 0 && `, ${each.waiting} not verified`}
                  {each.enteredAt !== null && `, last ${showTime(each.enteredAt)}`}
                </span>
              </li>
            ))}
          </ul>
        )}
      </section>
      <ProofLine
        parts={[
          `v${found.version}`,
          `${found.events.length} events`,
          "events are never changed, and count from when they were recorded",
        ]}
      >
        <Go to={shellPage.audit(ws, id)}>Its events in the audit trail</Go>
      </ProofLine>
      <InstrumentAct
        key={asked ?? "none"}
        asked={asked}
        found={found}
        onClose={() => setAsked(null)}
        onDone={changed}
      />
      <InstrumentForm
        key={correcting ? "correct" : "shut"}
        open={correcting}
        known={found}
        onClose={() => setCorrecting(false)}
        onDone={changed}
      />
    </div>
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

function sentence(words: string): string {
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

function eventWord(event: InstrumentEvent): string {
  const words = {
    hold: "Put on hold",
    release: "Released",
    retire: "Retired",
    return: "Brought back",
    ...performedWord,
  };
  return words[event.act];
}

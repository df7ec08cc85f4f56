import { ProofLine } from "@probity/web/kit/proof-line.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { read } from "@probity/web/shell/api.ts";
import { DownloadAct } from "@probity/web/shell/download-act.tsx";
import { PageProblem } from "@probity/web/shell/page-problem.tsx";
import page from "@probity/web/shell/page.module.css";
import { api, page as shellPage } from "@probity/web/shell/path.ts";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { useQuery } from "@tanstack/react-query";
import css from "./evidence.module.css";
import { inspectApi, inspectPage } from "./inspect-path.ts";
import type { Evidence, Fact, Principle } from "./inspect-types.ts";
import { qualityPage } from "./instrument-types.ts";
import { labPage } from "./path.ts";
import { Verifications } from "./verify.tsx";
import { verdictLook } from "./words.ts";

const look = {
  shown: { tone: "covered", word: "shown" },
  partly: { tone: "partial", word: "partly" },
  missing: { tone: "gap", word: "not shown" },
} as const;

/** One number, as an inspector asks about it: the nine principles of ALCOA+, each with what shows it here. */
export function EvidencePage() {
  const place = usePlace();
  const [ws, id] = [place.params["ws"] ?? "", place.params["id"] ?? ""];
  const evidence = useQuery({ queryKey: ["lab-evidence", id], queryFn: () => read<Evidence>(inspectApi.evidence(id)) });
  const found = evidence.data;
  useTitle(found === undefined ? "Result" : `${found.story.name}, ${found.story.sample ?? ""}`);
  if (evidence.isError && evidence.data === undefined)
    return (
      <PageProblem
        title="Result"
        error={evidence.error}
        onRetry={() => void evidence.refetch()}
        back={<Go to={labPage.samples(ws)}>All samples</Go>}
      />
    );
  if (found === undefined)
    return (
      <div className={page.page}>
        <Skeleton heading label="Gathering what is kept of it" rows={9} />
      </div>
    );
  const { story } = found;
  const leaves = story.versions.flatMap((step) => step.leaf ?? []);
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>{story.name}</h1>
        {story.sampleId ? <Go to={labPage.sample(ws, story.sampleId)}>{story.sample ?? "Sample"}</Go> : null}
        {story.verdict !== null && (
          <StatusMark tone={verdictLook[story.verdict].tone} word={verdictLook[story.verdict].word} tinted />
        )}
        {story.sampleId ? (
          <span className={page.row}>
            <Go to={inspectPage.family(ws, story.sampleId)}>Its sample’s family</Go>
            {(["pdf", "csv", "json"] as const).map((format) => (
              <DownloadAct
                key={format}
                path={inspectApi.record(story.sampleId ?? "", format)}
                name={`record-${story.sample ?? "sample"}.${format}`}
                label={`Record ${format.toUpperCase()} of its sample`}
              >
                {`Record ${format.toUpperCase()}`}
              </DownloadAct>
            ))}
          </span>
        ) : null}
      </div>
      <p className={css.value}>
        <b>{story.text ?? "–"}</b> {story.unit}
        <span className={page.meta}>
          reported {story.reported ?? "–"} · limit {story.limit || "none"} · {story.words}
        </span>
      </p>
      <ol className={css.principles} aria-label="The nine principles">
        {found.principles.map((each) => (
          <One key={each.key} principle={each} ws={ws} />
        ))}
      </ol>
      <Verifications items={found.verifications} />
      <section aria-labelledby="steps">
        <h2 id="steps">Every version</h2>
        <ol className={css.steps}>
          {story.versions.map((step) => (
            <li key={step.version}>
              <span className={page.mono}>v{step.version}</span>
              <span>
                <b>{step.act}</b>{" "}
                {step.act === "changed" && (
                  <>
                    <s>{step.before}</s> →{" "}
                  </>
                )}
                {step.text !== null && <span className={page.mono}>{step.text}</span>}
                {step.reason !== null && <q className={css.reason}>{step.reason}</q>}
              </span>
              <span className={page.meta}>
                {step.by} · <time dateTime={step.at}>{showTime(step.at)}</time> ·{" "}
                {step.leaf === null ? "waits for its place" : `leaf ${step.leaf}`}
              </span>
            </li>
          ))}
        </ol>
      </section>
      <Proof found={found} ws={ws} id={id} leaves={leaves} />
      <ProofLine
        parts={[
          `v${story.version}`,
          leaves.length === 0
            ? "its leaves wait for their place"
            : `${leaves.length === 1 ? "leaf" : "leaves"} ${leaves.join(", ")}`,
          found.covered
            ? `under the signed checkpoint of ${found.checkpoint} events`
            : "no signed checkpoint covers all of them yet",
        ]}
      >
        <Go to={shellPage.audit(ws, id)}>Its events in the audit trail</Go>
      </ProofLine>
    </div>
  );
}

/** What a stranger does to believe none of this page: three steps, the last on a machine of their own. */
function Proof({ found, ws, id, leaves }: { found: Evidence; ws: string; id: string; leaves: readonly number[] }) {
  return (
    <section aria-labelledby="proof" className={css.proof}>
      <h2 id="proof">Prove that nothing was altered</h2>
      <ol className={css.numbered}>
        <li>
          <span>
            Take the {leaves.length === 1 ? "leaf" : `${leaves.length} leaves`} of this result out of the log, each with
            its stored version and its path to the signed checkpoint.
          </span>
          <DownloadAct
            look="main"
            path={api.exportEvents({ row: id, format: "bundle" })}
            name="proof.jsonl"
            disabledReason={
              !found.mayExport
                ? "The log is taken away by admins and owners. Ask one of them for the proof of this result."
                : found.covered
                  ? undefined
                  : "The newest of its leaves has no signature yet. It has one within a second or two."
            }
          >
            Save the proof
          </DownloadAct>
        </li>
        <li>
          <span>
            Drop the file on <Go to={shellPage.verify()}>Verify</Go>, which sends it nowhere, or check it without this
            server by <code>node probity-verify.mjs FILE --key KEY</code>.
          </span>
        </li>
        <li>
          <span>
            To be sure that nothing was left out either, compare with a checkpoint kept outside:{" "}
            <Go to={shellPage.ledger(ws)}>who holds one</Go>.
          </span>
        </li>
      </ol>
    </section>
  );
}

function One({ principle, ws }: { principle: Principle; ws: string }) {
  return (
    <li data-standing={principle.standing}>
      <h2>
        {principle.title} <StatusMark {...look[principle.standing]} />
      </h2>
      <p className={page.meta}>{principle.asks}</p>
      <dl>
        {principle.facts.map((fact, index) => (
          // Facts of one principle keep their order; two may share a label.
          <div key={index}>
            <dt>{fact.label}</dt>
            <dd>
              <Shown fact={fact} ws={ws} />
            </dd>
          </div>
        ))}
      </dl>
    </li>
  );
}

function Shown({ fact, ws }: { fact: Fact; ws: string }) {
  const { opens, value } = fact;
  if (opens === undefined) return value;
  const to = {
    instrument: qualityPage.instrument,
    lot: qualityPage.lot,
    training: qualityPage.training,
    worksheet: labPage.worksheet,
    events: shellPage.audit,
    result: inspectPage.evidence,
  }[opens.kind](ws, opens.id);
  // The name is the link; how it stood is said beside it.
  const [name = value, ...rest] = opens.kind === "training" ? [value] : value.split(": ");
  return (
    <>
      <Go to={to}>{name}</Go>
      {rest.length > 0 && <div className={page.meta}>{rest.join(": ")}</div>}
    </>
  );
}

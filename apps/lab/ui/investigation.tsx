import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { read } from "@probity/web/shell/api.ts";
import { PageProblem } from "@probity/web/shell/page-problem.tsx";
import pageCss from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Attachments } from "./attachments.tsx";
import { InvestigationAct } from "./investigation-act.tsx";
import {
  conclusionWord,
  investigationApi,
  investigationPage,
  stateWord,
  type Investigation,
} from "./investigation-types.ts";
import css from "./investigation.module.css";
import lab from "./lab.module.css";
import { ToldByMail } from "./notice-setting.tsx";
import { labPage } from "./path.ts";
import { verdictLook } from "./words.ts";

const answerWord = {
  "in-order": { tone: "covered", word: "in order" },
  deviation: { tone: "gap", word: "not in order" },
  "not-applicable": { tone: "none", word: "does not apply" },
} as const;

/** One investigation as it is read by an inspector: what was found, in which order it was looked into, who decided. */
export function InvestigationPage() {
  const { params } = usePlace();
  const [ws, id] = [params.ws ?? "", params.id ?? ""];
  const queries = useQueryClient();
  const one = useQuery({
    queryKey: ["lab-investigation", id],
    queryFn: () => read<Investigation>(investigationApi.one(id)),
  });
  const found = one.data;
  useTitle(found?.number ?? "Investigation");
  const [saved, setSaved] = useState(0);
  const changed = async () => {
    await queries.invalidateQueries({ queryKey: ["lab-investigation", id] });
    await queries.invalidateQueries({ queryKey: ["lab-investigations"] });
    setSaved((count) => count + 1);
  };
  const reread = async () => {
    await queries.invalidateQueries({ queryKey: ["lab-investigation", id] });
    return read<Investigation>(investigationApi.one(id));
  };
  if (found === undefined && one.isError)
    return (
      <PageProblem
        title="Investigation"
        error={one.error}
        onRetry={() => void one.refetch()}
        back={<Go to={investigationPage.list(ws)}>All investigations</Go>}
      />
    );
  return (
    <div className={pageCss.reading}>
      {one.isPending && <Skeleton heading label="Reading the investigation" rows={6} />}
      {one.isError && <ProblemNotice problem={asProblem(one.error)} onRetry={() => void one.refetch()} />}
      {found !== undefined && (
        <>
          <div className={pageCss.head}>
            <h1 className={css.number}>{found.number}</h1>
            <StatusMark {...stateWord[found.state]} tinted />
          </div>
          <p className={pageCss.lead}>
            {found.results[0]?.name ?? "A result"} of <Go to={labPage.sample(ws, found.sampleId)}>{found.sample}</Go>,{" "}
            {found.product}
            {found.lot !== null && `, ${found.lot}`}. Opened by {found.openedBy ?? "Probity"},{" "}
            {showTime(found.openedAt)}.
          </p>
          <Determinations found={found} />
          <ol className={css.path}>
            <Step
              title="Phase I: the laboratory"
              done={found.cause !== null}
              now={found.state === "phase-1"}
              found={found}
            >
              {found.checklist === null && <p className={pageCss.meta}>Being looked into. Nothing is written yet.</p>}
              {found.checklist !== null && (
                <ul className={css.answers}>
                  {found.questions.map((question) => {
                    const answer = found.checklist?.find((each) => each.question === question.key);
                    return (
                      <li key={question.key}>
                        <span>{question.text}</span>
                        {answer && <StatusMark {...answerWord[answer.answer]} />}
                        {answer && answer.note !== "" && <span className={css.note}>{answer.note}</span>}
                      </li>
                    );
                  })}
                </ul>
              )}
              <Said
                label={found.cause === "laboratory-error" ? "A laboratory error" : "No laboratory error"}
                text={found.causeText}
              />
              <Said label="Hypothesis and its test" text={found.hypothesis} />
            </Step>
            <Step
              title="Retest by an approved plan"
              done={found.approvedBy !== null}
              now={found.state === "retest-planned" || found.state === "retest-approved"}
              found={found}
              passed={found.state === "phase-2" ? "Not taken: it went on to phase II." : undefined}
            >
              <Said
                label={found.retests === null ? "" : `${found.retests} at most, planned by ${found.plannedBy ?? ""}`}
                text={found.plan}
              />
              {found.rejectedReason !== null && <Said label="Sent back" text={found.rejectedReason} />}
              {found.approvedBy !== null && found.approvedAt !== null && (
                <p className={pageCss.meta}>
                  Approved by {found.approvedBy}, {showTime(found.approvedAt)}, before any retest.
                </p>
              )}
              {found.state === "retest-approved" && found.results.length <= (found.retests ?? 0) && (
                <p>
                  A retest is ordered from the history of the result on{" "}
                  <Go to={labPage.sample(ws, found.sampleId)}>{found.sample}</Go>.
                </p>
              )}
            </Step>
            <Step
              title="Phase II: beyond the laboratory"
              done={found.scope !== null}
              now={found.state === "phase-2"}
              found={found}
            >
              <Said label="Production, other batches, method and trend" text={found.scope} />
            </Step>
            <Step title="Conclusion" done={found.conclusion !== null} now={false} found={found}>
              {found.conclusion !== null && (
                <Said label={conclusionWord[found.conclusion]} text={found.conclusionText} />
              )}
              {found.capa !== null && <Said label="Corrective action" text={found.capa} />}
              {found.noCapa !== null && <Said label="No corrective action" text={found.noCapa} />}
              {found.concludedBy !== null && found.concludedAt !== null && (
                <p className={pageCss.meta}>
                  Concluded by {found.concludedBy}, {showTime(found.concludedAt)}. Locked.
                </p>
              )}
            </Step>
          </ol>
          <ToldByMail notices={found.notices} />
          <Attachments
            filter={{ investigation: id }}
            beside={[
              {
                place: "investigations",
                id,
                title: found.number,
                closed:
                  found.state === "concluded" ? `${found.number} is concluded: its files stay as they are.` : undefined,
              },
            ]}
            may={found.may}
            empty="No file is beside this investigation."
          />
          {/* A form begins anew with what was saved here; what others save meanwhile takes nothing that is typed. */}
          <InvestigationAct key={`${id} ${saved}`} found={found} reread={reread} onChanged={changed} />
        </>
      )}
    </div>
  );
}

function Determinations({ found }: { found: Investigation }) {
  return (
    <table className={css.results}>
      <caption className="p-hidden">Every determination</caption>
      <tbody>
        {found.results.map((each) => (
          <tr key={each.id} data-original={each.id === found.resultId || undefined}>
            <th scope="row">
              {each.id === found.resultId ? "Original" : each.attempt === 1 ? "First" : `Retest ${each.attempt - 1}`}
            </th>
            <td className={css.value}>
              <span className={lab.exact} title={each.text ?? undefined}>
                {each.text ?? "–"}
              </span>{" "}
              <span className={pageCss.meta}>{each.unit}</span>
            </td>
            <td>
              {each.verdict === null ? (
                <StatusMark tone="planned" word="open" />
              ) : (
                <StatusMark {...verdictLook[each.verdict]} />
              )}
            </td>
            <td className={pageCss.meta}>
              limit {each.limit || "none"}
              {each.enteredBy !== null && ` · ${each.enteredBy}, ${showTime(each.enteredAt ?? "")}`}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Step(props: {
  title: string;
  done: boolean;
  now: boolean;
  found: Investigation;
  /** What is said of a step that was gone past. */
  passed?: string | undefined;
  children: React.ReactNode;
}) {
  return (
    <li data-state={props.now ? "now" : props.done ? "done" : "ahead"} aria-current={props.now ? "step" : undefined}>
      <h2>{props.title}</h2>
      {props.children}
      {!props.done && !props.now && (
        <p className={pageCss.meta}>
          {props.found.state === "concluded" ? "Concluded without it." : (props.passed ?? "Not reached.")}
        </p>
      )}
    </li>
  );
}

function Said({ label, text }: { label: string; text: string | null }) {
  if (text === null) return null;
  return (
    <div className={css.said}>
      <span className={pageCss.meta}>{label}</span>
      <p>
        {/* An address of the system that keeps corrective actions is followed, in a tab of its own that learns nothing of this page. */}
        {/^https:\/\/\S+$/.test(text) ? (
          <a href={text} target="_blank" rel="noopener noreferrer">
            {text}
          </a>
        ) : (
          text
        )}
      </p>
    </div>
  );
}

import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { readPublic } from "@probity/web/shell/api.ts";
import { DownloadAct } from "@probity/web/shell/download-act.tsx";
import page from "@probity/web/shell/page.module.css";
import { page as shellPage } from "@probity/web/shell/path.ts";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useQuery } from "@tanstack/react-query";
import { certificateApi, conformity, quoted, standingLook, type Column, type Standing } from "./certificate-types.ts";
import css from "./certificate.module.css";
import type { Verdict } from "./types.ts";

type DeliveredLine = {
  name: string;
  result: string;
  unit: string;
  limit: string;
  uncertainty: string | null;
  verdict: Verdict;
  conformity: string;
  rule: string | null;
  retested: string[];
};
type Delivered = {
  number: string;
  standing: Standing;
  issuedAt: string;
  stated: { by: string; role: string; at: string } | null;
  supersedes: string | null;
  supersededBy: string | null;
  supersededAt: string | null;
  supersededWhy: string | null;
  laboratory: string;
  title: string;
  sample: { number: string; product: string; lot: string | null };
  /** What the laboratory's template prints. */
  columns: Column[];
  evaluations: {
    specification: string;
    number: number;
    verdict: Verdict;
    /** By which rule conformity was decided. */
    rules: string;
    lines: DeliveredLine[];
  }[];
  investigations: { number: string; head: string; told: string[] }[];
  overrides: { head: string; told: string[] }[];
  recipient: string;
  expiresAt: string;
  files: { format: "pdf" | "json"; sha256: string; seal: string }[];
};

/** What a link to a certificate opens, for somebody without an account. */
export function DeliveredCertificate() {
  const token = usePlace().params["token"] ?? "";
  useTitle("Certificate");
  const one = useQuery({
    queryKey: ["lab-delivered", token],
    queryFn: () => readPublic<Delivered>(certificateApi.delivered(token)),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const found = one.data;
  if (one.isError)
    return (
      <div className={page.narrow}>
        <h1>Certificate</h1>
        <ProblemNotice problem={asProblem(one.error)} />
      </div>
    );
  if (found === undefined)
    return (
      <div className={page.narrow}>
        <Skeleton heading label="Opening the certificate" />
      </div>
    );
  const past = found.standing === "superseded";
  const pdf = found.files.find((each) => each.format === "pdf");
  return (
    <div className={page.reading}>
      <p className={page.muted}>{found.laboratory}</p>
      <div className={page.head}>
        <h1>
          {found.title} <span className={css.number}>{found.number}</span>
        </h1>
        <StatusMark {...standingLook[found.standing]} tinted />
      </div>
      <p className={css.big}>
        {found.sample.product}
        {found.sample.lot !== null && `, lot ${found.sample.lot}`}
      </p>
      {past && (
        <Notice tone="gap">
          Superseded by {found.supersededBy}
          {found.supersededAt !== null && `, ${showTime(found.supersededAt)}`}: {quoted(found.supersededWhy)} It is no
          longer valid. Ask {found.laboratory} for {found.supersededBy}.
        </Notice>
      )}
      {found.standing === "reopened" && (
        <Notice tone="partial">
          The laboratory reopened the sample after this certificate was signed. It may be amended. Ask{" "}
          {found.laboratory} before you rely on it.
        </Notice>
      )}
      <ul className={css.lines}>
        {found.evaluations.map((each) => (
          <li key={each.specification} className={css.line}>
            <span>
              Held against {each.specification} v{each.number}
            </span>
            <StatusMark {...conformity[each.verdict]} />
          </li>
        ))}
      </ul>
      <div className={page.row}>
        <DownloadAct
          look={past ? "plain" : "main"}
          size="form"
          path={certificateApi.delivered(token, "pdf")}
          name={`${found.number}.pdf`}
        >
          {past ? "Download superseded PDF" : "Download PDF"}
        </DownloadAct>
        <DownloadAct size="form" path={certificateApi.delivered(token, "json")} name={`${found.number}.json`}>
          Download data
        </DownloadAct>
        <Go to={shellPage.verify()}>Verify the file</Go>
      </div>
      {found.evaluations.map((each) => (
        <ToldResults key={each.specification} evaluation={each} columns={found.columns} />
      ))}
      {found.investigations.length > 0 && (
        <section className={css.side}>
          <h2>Results out of specification and their investigation</h2>
          <ul className={css.lines}>
            {found.investigations.map((each) => (
              <li key={each.number}>
                <span className={css.line}>
                  <StatusMark tone="gap" word={each.head} />
                  <span className={css.number}>{each.number}</span>
                </span>
                {each.told.map((text) => (
                  <span key={text}>{text}</span>
                ))}
              </li>
            ))}
          </ul>
        </section>
      )}
      {found.overrides.length > 0 && (
        <section className={css.side}>
          <h2>Results verified by an override</h2>
          <ul className={css.lines}>
            {found.overrides.map((each) => (
              <li key={`${each.head} ${each.told.join(" ")}`}>
                <StatusMark tone="partial" word={each.head} />
                {each.told.map((text) => (
                  <span key={text}>{text}</span>
                ))}
              </li>
            ))}
          </ul>
        </section>
      )}
      {pdf !== undefined && <p className={css.hash}>SHA-256 of the PDF {pdf.sha256}</p>}
      <p className={page.meta}>
        For {found.recipient}. Sample {found.sample.number}, issued {showTime(found.issuedAt)}
        {found.stated !== null &&
          ` and signed there by ${found.stated.by}, ${found.stated.role}: it was brought in as issued, and no signature given here stands for it`}
        . This link works until {showTime(found.expiresAt)}; each opening is recorded.
      </p>
    </div>
  );
}

/** The results as the certificate tells them: its columns, its words, and the rule each line was decided by. */
function ToldResults(props: { evaluation: Delivered["evaluations"][number]; columns: Column[] }) {
  const { specification, number, lines, rules } = props.evaluation;
  const has = (name: Column) => props.columns.includes(name);
  const uncertain = has("uncertainty") && lines.some(({ uncertainty }) => uncertainty !== null);
  return (
    <section className={css.side}>
      <h2>
        Results against {specification}, version {number}
      </h2>
      <table className={css.told}>
        <caption className="p-hidden">Results against {specification}</caption>
        <thead>
          <tr>
            <th scope="col">Test</th>
            <th scope="col">Result</th>
            {has("limit") && <th scope="col">Limit</th>}
            {uncertain && <th scope="col">Uncertainty</th>}
            {has("verdict") && <th scope="col">Conformity</th>}
          </tr>
        </thead>
        <tbody>
          {lines.map((line, at) => (
            // The same test may stand there by two methods.
            <tr key={`${line.name} ${String(at)}`}>
              <th scope="row">
                {line.name}
                {line.retested.map((each) => (
                  <div key={each} className={page.meta}>
                    original result {each}, retested
                  </div>
                ))}
                {line.rule !== null && <div className={page.meta}>decided by {line.rule}</div>}
              </th>
              <td className={css.value}>
                {line.result} {has("unit") && <span className={page.meta}>{line.unit}</span>}
              </td>
              {has("limit") && <td>{line.limit === "" ? "none" : line.limit}</td>}
              {uncertain && <td className={css.uncertain}>{line.uncertainty}</td>}
              {has("verdict") && (
                <td>
                  <StatusMark tone={conformity[line.verdict].tone} word={line.conformity} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      <p className={page.meta}>{rules}</p>
    </section>
  );
}

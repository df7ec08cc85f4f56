import { Notice } from "@probity/web/kit/notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { read } from "@probity/web/shell/api.ts";
import { DownloadAct } from "@probity/web/shell/download-act.tsx";
import { PageProblem } from "@probity/web/shell/page-problem.tsx";
import page from "@probity/web/shell/page.module.css";
import { page as shellPage } from "@probity/web/shell/path.ts";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { useQuery } from "@tanstack/react-query";
import {
  certificateApi,
  certificatePage,
  conformity,
  quoted,
  standingLook,
  type Standing,
} from "./certificate-types.ts";
import css from "./certificate.module.css";
import type { Verdict } from "./types.ts";

type ToldLine = {
  name: string;
  unit: string;
  reported: string;
  limit: string;
  verdict: Verdict;
  /** Under a guard band: what was decided, and by which rule. */
  decision?: string;
  rule?: string;
  retested: string[];
};
type Evaluation = { specification: string; number: number; verdict: Verdict; lines: ToldLine[] };
type OwnCertificate = {
  id: string;
  number: string;
  standing: Standing;
  issuedAt: string | null;
  broughtIn: boolean;
  supersedes: string | null;
  reason: string | null;
  supersededBy: string | null;
  supersededWhy: string | null;
  ready: boolean;
};
type Own = {
  number: string;
  product: string;
  lot: string | null;
  sampledAt: string | null;
  receivedAt: string | null;
  publishedAt: string | null;
  reopened: boolean;
  told: { number: number; at: string; evaluations: Evaluation[] }[];
  certificates: OwnCertificate[];
};

/** One sample as its customer reads it: the result, the certificate, and what was superseded. */
export function MySample() {
  const { params } = usePlace();
  const [ws, id] = [params.ws ?? "", params.id ?? ""];
  const one = useQuery({
    queryKey: ["lab-portal-sample", id],
    queryFn: () => read<Own>(certificateApi.portalSample(id)),
  });
  const found = one.data;
  useTitle(found?.number ?? "My sample");
  if (found === undefined)
    return one.isError ? (
      <PageProblem
        title="My sample"
        error={one.error}
        onRetry={() => void one.refetch()}
        back={<Go to={certificatePage.portal(ws)}>My samples</Go>}
      />
    ) : (
      <div className={page.reading}>
        <Skeleton heading label="Reading the sample" />
      </div>
    );
  const [told, ...earlier] = found.told;
  return (
    <div className={page.reading}>
      <p>
        <Go to={certificatePage.portal(ws)}>My samples</Go>
      </p>
      <div className={page.head}>
        <h1 className={css.number}>{found.number}</h1>
        {told?.evaluations[0] !== undefined && <StatusMark {...conformity[told.evaluations[0].verdict]} tinted />}
      </div>
      <p className={page.lead}>
        {found.product}
        {found.lot !== null && `, lot ${found.lot}`}
        {found.receivedAt !== null && `, received ${showTime(found.receivedAt)}`}.
      </p>
      {found.reopened && (
        <Notice tone="partial">
          The laboratory reopened this sample after it was published. What stands here is what was told before; an
          amended certificate follows.
        </Notice>
      )}
      {found.certificates.map((each) => (
        <OneCertificate key={each.id} certificate={each} />
      ))}
      {found.certificates.length === 0 && <p className={page.muted}>No certificate yet.</p>}
      {told?.evaluations.map((each) => (
        <section key={each.specification} className={css.side}>
          <h2>
            Held against {each.specification} v{each.number}
          </h2>
          <table className={css.told}>
            <caption className="p-hidden">Results against {each.specification}</caption>
            <thead>
              <tr>
                <th scope="col">Test</th>
                <th scope="col">Result</th>
                <th scope="col">Limit</th>
                <th scope="col">Conformity</th>
              </tr>
            </thead>
            <tbody>
              {each.lines.map((line) => (
                <tr key={line.name}>
                  <th scope="row">
                    {line.name}
                    {line.retested.length > 0 && (
                      <div className={page.meta}>{`original result ${line.retested.join(", ")}, retested`}</div>
                    )}
                    {line.rule !== undefined && <div className={page.meta}>decided by {line.rule}</div>}
                  </th>
                  <td className={css.value}>
                    {line.reported} <span className={page.meta}>{line.unit}</span>
                  </td>
                  <td>{line.limit === "" ? "no limit" : line.limit}</td>
                  <td>
                    <StatusMark {...conformity[line.verdict]} />
                    {line.decision === "conditional-fail" && <div className={page.meta}>within the guard band</div>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ))}
      {told !== undefined && (
        <p className={page.meta}>
          Published {showTime(told.at)}
          {earlier.length > 0 && `; it superseded what was told ${earlier.map((each) => showTime(each.at)).join(", ")}`}
          .
        </p>
      )}
    </div>
  );
}

function OneCertificate({ certificate }: { certificate: OwnCertificate }) {
  const { id, number, standing } = certificate;
  const past = standing === "superseded";
  const waits = certificate.ready ? undefined : "Its file is being made. Look again in a moment.";
  return (
    <section className={css.certificate} data-past={past || undefined} aria-label={`Certificate ${number}`}>
      <p className={css.line}>
        <b className={css.number}>{number}</b>
        <StatusMark {...standingLook[standing]} />
      </p>
      <p className={page.meta}>
        {certificate.issuedAt !== null && `Issued ${showTime(certificate.issuedAt)}`}
        {certificate.broughtIn && " where it was brought in from, and signed there"}
        {certificate.supersedes !== null && ` · supersedes ${certificate.supersedes}: “${certificate.reason}”`}
        {past && ` · superseded by ${certificate.supersededBy}: ${quoted(certificate.supersededWhy)} No longer valid.`}
      </p>
      <div className={page.row}>
        <DownloadAct
          look={past ? "plain" : "main"}
          disabledReason={waits}
          path={certificateApi.portalFile(id, "pdf")}
          name={`${number}.pdf`}
        >
          {past ? "Download superseded PDF" : "Download certificate"}
        </DownloadAct>
        <DownloadAct disabledReason={waits} path={certificateApi.portalFile(id, "json")} name={`${number}.json`}>
          JSON
        </DownloadAct>
        {!past && <Go to={shellPage.verify()}>Verify it</Go>}
      </div>
    </section>
  );
}

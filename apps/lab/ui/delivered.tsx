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
import { certificateApi, conformity, standingLook, type Standing } from "./certificate-types.ts";
import css from "./certificate.module.css";
import type { Verdict } from "./types.ts";

type Delivered = {
  number: string;
  standing: Standing;
  issuedAt: string;
  supersedes: string | null;
  supersededBy: string | null;
  supersededAt: string | null;
  supersededWhy: string | null;
  laboratory: string;
  title: string;
  sample: { number: string; product: string; lot: string | null };
  evaluations: { specification: string; number: number; verdict: Verdict }[];
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
          {found.supersededAt !== null && `, ${showTime(found.supersededAt)}`}: “{found.supersededWhy}”. It is no longer
          valid. Ask {found.laboratory} for {found.supersededBy}.
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
      {pdf !== undefined && <p className={css.hash}>SHA-256 of the PDF {pdf.sha256}</p>}
      <p className={page.meta}>
        For {found.recipient}. Sample {found.sample.number}, issued {showTime(found.issuedAt)}. This link works until{" "}
        {showTime(found.expiresAt)}; each opening is recorded.
      </p>
    </div>
  );
}

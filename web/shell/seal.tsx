import { useQuery } from "@tanstack/react-query";
import { StatusMark } from "../kit/status-mark.tsx";
import { showAge, showTime } from "../kit/time.ts";
import { readPublic } from "./api.ts";
import { api } from "./path.ts";
import css from "./seal.module.css";
import pageCss from "./page.module.css";

type Authority = {
  host: string;
  askedAt: string | null;
  stamped: boolean | null;
  refusal: string | null;
  authority: string | null;
};
type Seal = {
  subject: string;
  issuer: string;
  selfSigned: boolean;
  fingerprint: string;
  notBefore: string;
  notAfter: string;
  authorities: Authority[];
};

/** What this instance seals documents with, for whoever was handed one and compares. */
export function DocumentSeal() {
  const seal = useQuery({ queryKey: ["seal"], queryFn: () => readPublic<Seal>(api.seal()) });
  if (seal.data === undefined) return null;
  const { subject, issuer, selfSigned, fingerprint, notBefore, notAfter, authorities } = seal.data;
  const ended = Date.parse(notAfter) < seal.dataUpdatedAt;
  return (
    <details className={css.seal}>
      <summary>
        <StatusMark tone={ended ? "gap" : "sealed"} word="Document seal" />{" "}
        <span>
          {ended
            ? "The certificate has ended. Documents sealed before stay good; a new certificate is needed for new ones."
            : selfSigned
              ? "Self-signed: a reader will not trust this without our root. Compare the fingerprint."
              : `Issued by ${issuer}.`}
        </span>
      </summary>
      <dl className={css.facts}>
        <dt>Certificate</dt>
        <dd>{subject}</dd>
        <dt>SHA-256</dt>
        <dd className={css.exact}>{fingerprint}</dd>
        <dt>Valid</dt>
        <dd>
          {showTime(notBefore)} to {showTime(notAfter)}
        </dd>
        <dt>Time-stamps</dt>
        <dd>
          {authorities.length === 0 ? (
            <>None configured: the time on a seal is this server’s own word.</>
          ) : (
            <ul>
              {authorities.map((each) => (
                <li key={each.host}>
                  <StatusMark
                    tone={each.stamped === null ? "none" : each.stamped ? "covered" : "gap"}
                    word={each.host}
                  />{" "}
                  {answerOf(each)}
                </li>
              ))}
            </ul>
          )}
        </dd>
        <dt>Try it</dt>
        <dd className={pageCss.row}>
          <a href={api.sealSpecimen()}>Download a sealed specimen</a>
          <a href={api.sealCertificate()}>Download the certificate</a>
        </dd>
      </dl>
    </details>
  );
}

function answerOf({ askedAt, stamped, refusal, authority }: Authority): string {
  if (askedAt === null) return "not asked since the start";
  return stamped === true
    ? `stamped ${showAge(askedAt)}, by ${authority ?? "an unnamed certificate"}`
    : `refused ${showAge(askedAt)}: ${refusal ?? "no reason given"}`;
}

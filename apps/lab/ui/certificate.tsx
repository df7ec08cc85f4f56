import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Field } from "@probity/web/kit/field.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { ProofLine } from "@probity/web/kit/proof-line.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { bytes, read, write } from "@probity/web/shell/api.ts";
import { DownloadAct } from "@probity/web/shell/download-act.tsx";
import { PageProblem } from "@probity/web/shell/page-problem.tsx";
import page from "@probity/web/shell/page.module.css";
import { page as shellPage } from "@probity/web/shell/path.ts";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { ApiProblem, asProblem } from "@probity/web/shell/problem.ts";
import { Signatures } from "@probity/web/shell/sign.tsx";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { CertificatePreview } from "./certificate-preview.tsx";
import { Recipients } from "./certificate-send.tsx";
import {
  certificateApi,
  certificatePage,
  conformity,
  quoted,
  standingLook,
  type Certificate,
  type CertificateLine,
} from "./certificate-types.ts";
import css from "./certificate.module.css";
import { labPage } from "./path.ts";
import { refusedBecause } from "./words.ts";

/** One certificate: what it looks like, who signed it, what superseded what, who has it. */
export function CertificatePage() {
  const { ws = "", id = "" } = usePlace().params;
  // An amendment is another certificate: that the file of the one before was made says nothing of its own.
  return <OneCertificate key={id} ws={ws} id={id} />;
}

function OneCertificate({ ws, id }: { ws: string; id: string }) {
  const place = usePlace();
  const queries = useQueryClient();
  const one = useQuery({ queryKey: ["lab-certificate", id], queryFn: () => read<Certificate>(certificateApi.one(id)) });
  const [asking, setAsking] = useState<"amend" | "discard" | null>(null);
  const reload = async () => {
    await queries.invalidateQueries({ queryKey: ["lab-certificate", id] });
    await queries.invalidateQueries({ queryKey: ["lab-certificate-pdf", id] });
    await queries.invalidateQueries({ queryKey: ["lab-certificates"] });
  };
  const seal = useMutation({
    mutationFn: () => write("POST", certificateApi.one(id, "seal")),
    // A busy ledger takes longer than one call waits for it.
    retry: (count, error) => count < 5 && error instanceof ApiProblem && error.code === "lab.certificate_unproved",
    onSettled: () => reload(),
  });
  const act = useMutation({
    mutationFn: ({ name, reason, version }: { name: "amend" | "discard"; reason: string; version: number }) =>
      write<{ id: string } | null>(
        "POST",
        certificateApi.one(id, name),
        { reason },
        name === "discard" ? { version } : {},
      ),
    onSuccess: async (made) => {
      setAsking(null);
      await reload();
      if (made !== null) place.go(certificatePage.one(ws, made.id));
    },
  });
  const found = one.data;
  // Whoever signed may have closed the page before its file was made: it is made for the next who may and looks.
  const due =
    found !== undefined &&
    found.issuedAt !== null &&
    found.files.length === 0 &&
    refusedBecause(found.may, "lab.certificate.prepare", "reviewers") === undefined;
  const { isIdle, mutate: makeFile } = seal;
  useEffect(() => {
    if (due && isIdle) makeFile();
  }, [due, isIdle, makeFile]);
  useTitle(found?.number ?? "Certificate");
  if (found === undefined)
    return one.isError ? (
      <PageProblem
        title="Certificate"
        error={one.error}
        onRetry={() => void one.refetch()}
        back={<Go to={certificatePage.list(ws)}>All certificates</Go>}
      />
    ) : (
      <div className={page.page}>
        <Skeleton heading label="Reading the certificate" rows={6} />
      </div>
    );
  const sealed = found.files.length > 0;
  const pdf = found.files.find((each) => each.format === "pdf");
  const unsealed = sealed ? undefined : "Its file is not made yet.";
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1 className={css.number}>{found.number}</h1>
        <StatusMark {...standingLook[found.standing]} tinted />
        <span className={page.row}>
          {found.issuedAt !== null && (
            <>
              <DownloadAct
                look="main"
                disabledReason={unsealed}
                path={certificateApi.one(id, "pdf")}
                name={`${found.number}.pdf`}
              >
                Download PDF
              </DownloadAct>
              <DownloadAct
                disabledReason={unsealed}
                path={certificateApi.one(id, "json")}
                name={`${found.number}.json`}
              >
                JSON
              </DownloadAct>
              <Act
                disabledReason={
                  found.supersededBy === null
                    ? refusedBecause(found.may, "lab.certificate.prepare", "reviewers")
                    : `${found.supersededBy} superseded it. Amend that one.`
                }
                onAct={() => setAsking("amend")}
              >
                Amend
              </Act>
            </>
          )}
          {found.standing === "draft" && (
            <Act
              look="danger"
              disabledReason={refusedBecause(found.may, "lab.certificate.prepare", "reviewers")}
              onAct={() => setAsking("discard")}
            >
              Discard draft
            </Act>
          )}
        </span>
      </div>
      <p className={page.lead}>
        {found.product}
        {found.lot !== null && `, lot ${found.lot}`}, sample{" "}
        <Go to={labPage.sample(ws, found.sampleId)}>{found.sample}</Go>
        {found.customer !== null && (
          <>
            {" "}
            for <Go to={certificatePage.customer(ws, found.customerId ?? "")}>{found.customer}</Go>
          </>
        )}
        .
      </p>
      {one.isError && <ProblemNotice problem={asProblem(one.error)} onRetry={() => void one.refetch()} />}
      <StandingNotice found={found} ws={ws} />
      {found.content.stated !== undefined && (
        <Notice tone="sealed">
          Signed where it was issued by {found.content.stated.by}, {found.content.stated.role},{" "}
          {showTime(found.content.stated.at)}. It was brought in as issued: no signature given here stands for it.
        </Notice>
      )}
      {found.discardedReason === null && found.content.stated === undefined && (
        <Signatures one={certificateApi.one(id)} onChange={() => void reload()} />
      )}
      {/* One notice at a time: what went wrong says it too, and offers the same act. */}
      {found.issuedAt !== null && !sealed && !seal.isError && (
        <Notice
          tone="partial"
          act={
            <Act busy={seal.isPending} onAct={() => seal.mutate()}>
              Seal it
            </Act>
          }
        >
          {seal.isPending
            ? "Signed. The file is made as soon as the ledger has its proof: a second or two."
            : "Its file is not made yet."}
        </Notice>
      )}
      {seal.isError && <ProblemNotice problem={asProblem(seal.error)} onRetry={() => seal.mutate()} />}
      <div className={css.two}>
        <section>
          <h2>As it is printed</h2>
          {/* Another file once it is sealed: the draft's page is not kept for it. */}
          <CertificatePreview
            of={`${id} ${String(pdf?.sha256)} ${found.standing === "draft"}`}
            load={() => bytes(certificateApi.one(id, "pdf"))}
          />
        </section>
        <div className={css.side}>
          <h2>Result</h2>
          <ul className={css.lines}>
            {found.content.evaluations.map((each) => (
              <li key={each.specification} className={css.line}>
                <span>
                  {each.specification} v{each.number}
                </span>
                <StatusMark {...conformity[each.verdict]} />
              </li>
            ))}
            {found.content.evaluations.flatMap(({ specification, lines }) =>
              lines
                .filter((line) => line.rule !== undefined)
                .map((line) => (
                  <li key={`${specification} ${line.name}`} className={page.meta}>
                    {line.name}: decided by {line.rule}.
                  </li>
                )),
            )}
            {(found.content.overrides ?? []).map((each, index) => (
              // Two gates of one result are two lines.
              <li key={index} className={page.meta}>
                {each.analyte} was let pass by an override: {each.askedBy} asked, {each.confirmedBy} confirmed; both and
                their reasons are printed.
              </li>
            ))}
            {found.content.investigations.map((each) => (
              <li key={each.number} className={page.meta}>
                {each.number}: {each.analyte} was out of specification; original result and outcome are printed.
              </li>
            ))}
          </ul>
          <h2>Amendments</h2>
          <Chain chain={found.chain} id={id} ws={ws} />
          <Recipients found={found} onChange={() => void reload()} />
        </div>
      </div>
      <ProofLine
        parts={[
          `v${found.version}`,
          `template ${found.content.template.name} v${found.content.template.version}`,
          ...(pdf === undefined
            ? ["no file made"]
            : [
                `sealed ${pdf.seal}, ${pdf.proofs} ledger ${pdf.proofs === 1 ? "proof" : "proofs"} inside`,
                `sha-256 ${pdf.sha256.slice(0, 16)}…`,
              ]),
        ]}
      >
        {pdf !== undefined && <Go to={shellPage.verify()}>Verify the file</Go>}
      </ProofLine>
      <Why
        asking={asking}
        number={found.number}
        busy={act.isPending}
        problem={act.isError ? <ProblemNotice problem={asProblem(act.error)} /> : null}
        onClose={() => {
          act.reset();
          setAsking(null);
        }}
        onDo={(name, reason) => act.mutate({ name, reason, version: found.version })}
      />
    </div>
  );
}

function StandingNotice({ found, ws }: { found: Certificate; ws: string }) {
  if (found.standing === "superseded")
    return (
      <Notice tone="gap">
        Superseded by <Go to={certificatePage.one(ws, found.supersededById ?? "")}>{found.supersededBy}</Go>
        {found.supersededAt !== null && `, ${showTime(found.supersededAt)}`}: {quoted(found.supersededWhy)} It stays as
        it was signed, and is no longer valid.
      </Notice>
    );
  if (found.standing === "reopened")
    return (
      <Notice tone="partial">
        {found.sample} was unlocked after this was signed. The certificate is unchanged; an amendment is due once the
        sample is published again.
      </Notice>
    );
  if (found.standing === "discarded")
    return <Notice tone="none">Discarded as a draft: {quoted(found.discardedReason)}</Notice>;
  if (found.content.amends !== null)
    return (
      <Notice tone="sealed">
        Supersedes {found.content.amends.number}: {quoted(found.content.amends.reason)}
        {found.content.amends.changes.length > 0 && ` Changed: ${found.content.amends.changes.join("; ")}.`}
      </Notice>
    );
  return null;
}

/** ISO/IEC 17025 7.8.8: each number of the sample, what it superseded and why. */
function Chain({ chain, id, ws }: { chain: CertificateLine[]; id: string; ws: string }) {
  return (
    <ol className={css.chain}>
      {chain.map((each) => (
        <li key={each.id} data-here={each.id === id || undefined} aria-current={each.id === id ? "true" : undefined}>
          <p className={css.line}>
            {each.id === id ? (
              <b className={css.number}>{each.number}</b>
            ) : (
              <Go to={certificatePage.one(ws, each.id)} className={css.number}>
                {each.number}
              </Go>
            )}
            <StatusMark {...standingLook[each.standing]} />
          </p>
          <p className={page.meta}>
            {each.issuedAt === null ? `prepared ${showTime(each.preparedAt)}` : `issued ${showTime(each.issuedAt)}`}
            {each.reason !== null && ` · “${each.reason}”`}
          </p>
        </li>
      ))}
      {chain.length === 0 && <li className={page.muted}>None.</li>}
    </ol>
  );
}

function Why(props: {
  asking: "amend" | "discard" | null;
  number: string;
  busy: boolean;
  problem: React.ReactNode;
  onClose: () => void;
  onDo: (name: "amend" | "discard", reason: string) => void;
}) {
  const [text, setText] = useState("");
  const amend = props.asking === "amend";
  const title = amend ? `Amend ${props.number}` : `Discard ${props.number}`;
  return (
    <Dialog open={props.asking !== null} onClose={props.onClose} title={title}>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== "" && props.asking !== null) props.onDo(props.asking, text.trim());
        }}
      >
        {props.problem}
        <p className={page.muted}>
          {amend
            ? "A new certificate with a number of its own is prepared from what is published now. It says on its face that it supersedes this one, and why. This one stays readable."
            : "Nobody signed it. Its number is kept with your reason and is not used again."}
        </p>
        <Field name="why" label="Why" value={text} onChange={setText} />
        <div>
          <Act look={amend ? "main" : "danger"} size="form" submit busy={props.busy}>
            {amend ? "Prepare amendment" : "Discard draft"}
          </Act>
        </div>
      </form>
    </Dialog>
  );
}

import { ProofLine } from "@probity/web/kit/proof-line.tsx";
import { StatusMark, StatusShape } from "@probity/web/kit/status-mark.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import type { ReactNode } from "react";
import { EvidenceList } from "./evidence-list.tsx";
import { personName, reasonCodes, showCoverage, standing, statusLook } from "./finding-status.ts";
import type { Finding, Obligation } from "./types.ts";
import css from "./detail.module.css";

interface Props {
  finding: Finding;
  /** Zero-based; the one the viewer shows. */
  activeEvidence: number;
  onEvidence: (index: number, as: "text" | "page") => void;
  /** Opens a document as a whole. */
  onDocument: (documentId: string) => void;
  isPdf: (documentId: string) => boolean;
  /** What the finding rests on: run, pack, versions. */
  proof: string[];
  /** Decision bar and forms, where there are decisions. */
  children?: ReactNode;
}

/** One requirement: what the machine saw, obligation by obligation, with the quotes it rests on. */
export function Detail(props: Props) {
  const { finding } = props;
  return (
    <article className={css.detail} aria-labelledby="finding-title">
      <div className={css.body}>
        <header className={css.head}>
          <span className={css.id}>{finding.requirementId}</span>
          <h2 id="finding-title">{finding.title}</h2>
          <Standing finding={finding} />
        </header>
        {finding.summary !== "" && <p className={css.summary}>{finding.summary}</p>}
        {finding.obligations.length > 0 && (
          <section className={css.machine} aria-label="What the machine saw">
            <span className={css.label}>Machine</span>
            <Meant finding={finding} onDocument={props.onDocument} />
            <ul>
              {finding.obligations.map((obligation) => (
                <ObligationLine key={obligation.id} obligation={obligation} onEvidence={props.onEvidence} />
              ))}
            </ul>
          </section>
        )}
        <EvidenceList
          evidence={finding.evidence}
          active={props.activeEvidence}
          onEvidence={props.onEvidence}
          isPdf={props.isPdf}
        />
        {finding.nextStep !== "" && (
          <p className={css.next}>
            <b>Next step.</b> {finding.nextStep}
          </p>
        )}
        {finding.reasons.length > 0 && (
          <details className={css.reasons}>
            <summary>Why the machine says so</summary>
            <ul>
              {finding.reasons.map((reason) => (
                <li key={reason}>{reason}</li>
              ))}
            </ul>
          </details>
        )}
        {finding.note !== null && finding.note !== "" && (
          <p className={css.note}>
            <b>Note.</b> {finding.note}
          </p>
        )}
        {(finding.assignee !== null || finding.dueOn !== null) && (
          <p className={css.note}>
            {finding.assignee !== null && <>Assigned to {personName(finding.assignee)}. </>}
            {finding.dueOn !== null && <>Due {finding.dueOn}.</>}
          </p>
        )}
        <ProofLine parts={props.proof} />
      </div>
      {props.children}
    </article>
  );
}

/** Where the requirement belongs: a gap in a procedure is other work than a procedure that is not there. */
function Meant({ finding: { addressed, status }, onDocument }: Pick<Props, "finding" | "onDocument">) {
  if (addressed === null || (status === "not-assessable" && !addressed.meant)) return null;
  const id = addressed.documentId;
  return (
    <p className={css.meant}>
      <DocumentMark missing={!addressed.meant} />
      {addressed.meant ? (
        <span>
          Meant for it:{" "}
          {id === null ? (
            <b>{addressed.documentName}</b>
          ) : (
            <button type="button" className={css.opens} onClick={() => onDocument(id)}>
              {addressed.documentName}
            </button>
          )}
          {addressed.why.length > 0 && <span className={css.why}> ({addressed.why.join("; ")})</span>}
        </span>
      ) : (
        <span>No document is meant for it.</span>
      )}
    </p>
  );
}

/** A sheet of paper; in dashes where there is none. */
function DocumentMark({ missing }: { missing: boolean }) {
  return (
    <svg className={css.sheet} width="12" height="14" viewBox="0 0 12 14" aria-hidden="true">
      <path d="M1.5 1h6l3 3v9h-9z" strokeDasharray={missing ? "2 1.6" : undefined} />
      {!missing && <path d="M3.5 6h5M3.5 8.5h5M3.5 11h3" />}
    </svg>
  );
}

/** The status in force, and beneath a person's decision the machine's own, struck through. */
function Standing({ finding }: { finding: Finding }) {
  const now = statusLook[standing(finding)];
  const machine = statusLook[finding.status];
  const { decision } = finding;
  return (
    <div className={css.standing}>
      <StatusMark tone={now.tone} word={now.word} tinted />
      <CoverageBar finding={finding} />
      {decision !== null && (
        <p className={css.decision}>
          {decision.kind === "overridden" && <StatusMark tone={machine.tone} word={machine.word} struck />}{" "}
          {decision.kind === "accepted" ? "Accepted" : "Overridden"} by {personName(decision.by)},{" "}
          {showTime(decision.at)}
          {decision.reason !== null && decision.reason !== "" && (
            <>
              . {reasonCodes.find((code) => code.value === decision.reasonCode)?.label ?? decision.reasonCode}:{" "}
              {decision.reason}
            </>
          )}
        </p>
      )}
    </div>
  );
}

function CoverageBar({ finding }: { finding: Finding }) {
  const text = showCoverage(finding);
  if (text === "") return null;
  return (
    <span className={css.coverage} title="Share of the obligations seen">
      <svg width="96" height="12" viewBox="0 0 96 12" aria-hidden="true">
        <path d="M.5 2v8M24 4v4M48 2v8M72 4v4M95.5 2v8" style={{ stroke: "var(--p-edge)" }} />
        <rect
          y="4.5"
          width={96 * finding.coverage}
          height="3"
          style={{ fill: `var(--p-${statusLook[finding.status].tone})` }}
        />
      </svg>
      <span>coverage {text}</span>
    </span>
  );
}

const seenLook = {
  true: { tone: "covered", word: "seen" },
  partly: { tone: "partial", word: "partly seen" },
  false: { tone: "gap", word: "not seen" },
} as const;

function ObligationLine(props: { obligation: Obligation; onEvidence: Props["onEvidence"] }) {
  const look =
    props.obligation.seen === "partly" ? seenLook.partly : seenLook[props.obligation.seen ? "true" : "false"];
  return (
    <li className={css.obligation}>
      <span className={css.shape}>
        <StatusShape tone={look.tone} size={11} />
      </span>
      <span>
        <span className={css.seen} style={{ color: `var(--p-${look.tone})` }}>
          {look.word}:
        </span>{" "}
        {props.obligation.statement}{" "}
        {props.obligation.evidence.map((index) => (
          <button
            key={index}
            type="button"
            className={css.ref}
            aria-label={`Show evidence ${index + 1}`}
            onClick={() => props.onEvidence(index, "text")}
          >
            {index + 1}
          </button>
        ))}
      </span>
    </li>
  );
}

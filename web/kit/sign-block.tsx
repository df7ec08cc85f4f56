import type { ReactNode } from "react";
import { StatusMark } from "./status-mark.tsx";
import type { Tone } from "./status.ts";
import css from "./sign-block.module.css";

/** One signature as a document bears it (21 CFR 11.50): name, meaning, date and time with zone. */
export interface PrintedSignature {
  id: string;
  printedName: string;
  meaning: string;
  /** Already in words, with its zone. */
  at: string;
  reason: string | null;
}

/** How a record stands with its signatures, on one line: state, who signed what, what is waited for, what to do. */
export function SignStrip(props: {
  standing: { tone: Tone; word: string };
  open: boolean;
  signatures: readonly PrintedSignature[];
  waiting: string | null;
  acts: ReactNode;
}) {
  return (
    <section
      className={css.strip}
      aria-label="Signatures"
      data-open={props.open || undefined}
      data-wrong={props.standing.tone === "gap" || undefined}
    >
      <StatusMark {...props.standing} />
      {props.signatures.map((each) => (
        <span key={each.id} className={css.line}>
          <span className={css.name}>{each.printedName}</span>
          <span>{each.meaning}</span>
          <span className={css.muted}>{each.at}</span>
        </span>
      ))}
      {props.waiting !== null && <span className={css.muted}>{props.waiting}</span>}
      <span className={css.acts}>{props.acts}</span>
    </section>
  );
}

/** One signature in full, with what binds it to its record. */
export function SignatureInFull(props: {
  signature: PrintedSignature;
  /** What a look at it found; null where nobody looked. */
  check: { tone: Tone; word: string } | null;
  version: number;
  recordHash: string;
  earlier: boolean;
}) {
  const { signature } = props;
  return (
    <li className={css.signature} data-earlier={props.earlier || undefined}>
      <p className={css.big}>{signature.printedName}</p>
      <p>{signature.meaning}</p>
      <p className={css.muted}>
        {signature.at}
        {signature.reason === null ? "" : ` · ${signature.reason}`}
      </p>
      <p>
        {props.check !== null && <StatusMark {...props.check} />}{" "}
        <span className={css.muted}>
          {props.check === null ? "" : "· "}version {props.version}
        </span>
      </p>
      <p className={css.hash}>sha-256 {props.recordHash}</p>
    </li>
  );
}

export function SignatureSet({ children }: { children: ReactNode }) {
  return <ul className={css.set}>{children}</ul>;
}

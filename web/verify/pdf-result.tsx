import type { PdfReport } from "@probity/verify/pdf";
import { StatusMark } from "../kit/status-mark.tsx";
import { showTime } from "../kit/time.ts";
import { outcomeWords } from "./outcome-words.ts";
import { Banner, Facts } from "./result.tsx";
import css from "./verify.module.css";

/** What a sealed PDF came to: its seals, the proofs inside, and what was and was not checked. */
export function PdfResult(props: {
  name: string;
  report: Omit<PdfReport, "attachments">;
  attachments: readonly string[];
}) {
  const { outcome, sentence, signatures, proofs, checked, notChecked } = props.report;
  const facts = signatures.flatMap(({ kind, holds, fault, signer, trust, claimedAt, timestamp, coversWholeFile }) => [
    {
      name: kind === "seal" ? "Seal" : "Time-stamp",
      text: `${holds ? "holds" : (fault ?? "does not hold")}; ${coversWholeFile ? "covers the whole file" : "covers the file as it was sealed, before additions"}`,
    },
    ...(signer === null
      ? []
      : [
          {
            name: "Certificate",
            text: `${signer.name}, ${trust === "pinned" ? "named by you" : "not one you named"}. SHA-256 ${signer.fingerprint}`,
          },
        ]),
    {
      name: "Time",
      text:
        timestamp === null
          ? `${claimedAt === null ? "none" : showTime(claimedAt)}, by the sealing server’s own word`
          : `${showTime(timestamp.at)}, stamped by ${timestamp.authority}${timestamp.holds ? "" : `, which does not hold: ${timestamp.fault ?? ""}`}`,
    },
  ]);
  if (props.attachments.length > 0) facts.push({ name: "Attachments", text: props.attachments.join(", ") });
  return (
    <article className={css.result} aria-labelledby="outcome">
      <Banner name={props.name} outcome={outcome} sentence={sentence} />
      <Facts facts={facts} />
      {proofs.length > 0 && (
        <section aria-labelledby="proofs">
          <h2 id="proofs">Proofs inside</h2>
          <ul className={css.proofs}>
            {proofs.map(({ name, verdict }) => (
              <li key={name}>
                <StatusMark tone={outcomeWords[verdict.outcome].tone} word={outcomeWords[verdict.outcome].word} />
                <span className={css.exact}>{name}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      <div className={css.two}>
        <Sentences title="Checked" lines={checked} />
        <Sentences title="Not checked" lines={notChecked} />
      </div>
    </article>
  );
}

function Sentences({ title, lines }: { title: string; lines: readonly string[] }) {
  if (lines.length === 0) return null;
  return (
    <section>
      <h2>{title}</h2>
      <ul className={css.sentences}>
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </section>
  );
}

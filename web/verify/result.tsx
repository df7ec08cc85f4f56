import { describe, sayOutcome, type Finding, type SeenLeaf, type Verdict } from "@probity/verify";
import { StatusMark, StatusShape } from "../kit/status-mark.tsx";
import { type Tone, toneColour } from "../kit/status.ts";
import { LeafList } from "./leaf-list.tsx";
import { LogRuler } from "./log-ruler.tsx";
import { outcomeWords } from "./outcome-words.ts";
import css from "./verify.module.css";

const sorts: Readonly<Record<Finding["sort"], { readonly word: string; readonly tone: Tone }>> = {
  fault: { word: "changed", tone: "gap" },
  rollback: { word: "gone back", tone: "gap" },
  gap: { word: "missing", tone: "partial" },
  remark: { word: "to know", tone: "none" },
};

const trustWords: Readonly<Record<Verdict["trust"]["mode"], string>> = {
  pinned: "on what you brought",
  "first-use": "on first use of the file’s own key",
  none: "on nobody’s word",
};

/** What a bundle or a proof came to: the outcome, on whose word, what was checked, and every leaf of it. */
export function Result({ name, verdict, leaves }: { name: string; verdict: Verdict; leaves: readonly SeenLeaf[] }) {
  return (
    <article className={css.result} aria-labelledby="outcome">
      <Banner
        name={`${name} · ${trustWords[verdict.trust.mode]}`}
        outcome={verdict.outcome}
        sentence={sayOutcome(verdict)}
      />
      <LogRuler verdict={verdict} leaves={leaves} />
      <Facts facts={describe(verdict)} />
      {verdict.findings.length > 0 && (
        <section aria-labelledby="findings">
          <h2 id="findings">Found</h2>
          <ul className={css.findings}>
            {verdict.findings.map((finding, place) => (
              // Findings are a list in the order they were made.
              <li key={place} style={{ borderInlineStartColor: toneColour(sorts[finding.sort].tone).ink }}>
                <StatusMark tone={sorts[finding.sort].tone} word={sorts[finding.sort].word} />
                <span>{finding.text}</span>
                <span className={css.exact}>{finding.index === undefined ? "" : `leaf ${finding.index}`}</span>
              </li>
            ))}
          </ul>
          {verdict.findingCount > verdict.findings.length && (
            <p className={css.muted}>and {verdict.findingCount - verdict.findings.length} more</p>
          )}
        </section>
      )}
      {leaves.length > 0 && (
        <LeafList leaves={leaves} total={verdict.counts.leaves} proven={verdict.counts.verified > 0} />
      )}
    </article>
  );
}

/** The outcome in words, with the file it speaks of. */
export function Banner(props: { name: string; outcome: Verdict["outcome"]; sentence: string }) {
  const { word, tone } = outcomeWords[props.outcome];
  const { ink, tint } = toneColour(tone);
  return (
    <div className={css.banner} style={{ background: tint, borderBlockStartColor: ink }} role="status">
      <span className={css.shape}>
        <StatusShape tone={tone} size={28} />
      </span>
      <div>
        <h2 id="outcome" style={{ color: ink }}>
          {word}
        </h2>
        <p className={css.sentence}>{props.sentence}</p>
        <p className={css.exact}>
          {props.name} · {props.outcome}
        </p>
      </div>
    </div>
  );
}

/** Name and text, on ruled lines. */
export function Facts({ facts }: { facts: readonly { readonly name: string; readonly text: string }[] }) {
  return (
    <dl className={css.facts}>
      {facts.map(({ name, text }, place) => (
        <div key={place}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import type { Tone } from "@probity/web/kit/status.ts";
import css from "./specimen.module.css";

const seen: { tone: Tone; word: string; text: string; mark?: number }[] = [
  {
    tone: "covered",
    word: "seen",
    text: "A purchasing procedure gives criteria to choose and evaluate suppliers by ability and performance.",
    mark: 2,
  },
  {
    tone: "gap",
    word: "not seen",
    text: "Monitoring and re-evaluation of suppliers are planned, and performance feeds re-evaluation.",
  },
];

/** One finding as a visitor will read it, out of the sample quality system. The journey of the first page holds it to it. */
export function Specimen() {
  return (
    <figure className={css.specimen} aria-labelledby="specimen-title">
      <figcaption id="specimen-title">A finding on the sample procedures</figcaption>
      <div className={css.sheet}>
        <div className={css.head}>
          <span className={css.id}>7.4.1</span>
          <b>Choosing and watching suppliers</b>
          <StatusMark tone="partial" word="partial" tinted />
        </div>
        <ul>
          {seen.map((item) => (
            <li key={item.text}>
              <StatusMark tone={item.tone} word={`${item.word}:`} /> {item.text}
              {item.mark !== undefined && <span className={css.mark}>{item.mark}</span>}
            </li>
          ))}
        </ul>
        <blockquote>
          <p className={css.source}>
            <span className={css.mark}>2</span> SOP-06 Purchasing and supplier control
          </p>
          <q>
            Criteria for the evaluation and selection of suppliers are: the ability of the supplier to deliver product
            that meets our requirements, its performance so far, the effect of the product on the quality of the IM-40,
            and the risk of the device.
          </q>
        </blockquote>
        <p className={css.next}>
          <b>Next step.</b> Write a supplier procedure with risk classes, selection criteria, an approved supplier list,
          a re-evaluation interval and rules for failures.
        </p>
      </div>
    </figure>
  );
}

const kinds = [
  ["covered", "covered", "Each obligation stands in a sentence you can open in its document."],
  ["partial", "partial", "Some obligations are seen. Those that are not are named."],
  ["gap", "gap", "Too little speaks of it. The next step to close it stands beside."],
  ["none", "not assessable", "A record or a visit would show it. Never counted as met."],
] as const;

/** What the four answers mean. */
export function Legend() {
  return (
    <dl className={css.legend} aria-label="What each answer means">
      {kinds.map(([tone, word, text]) => (
        <div key={word}>
          <dt>
            <StatusMark tone={tone} word={word} />
          </dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

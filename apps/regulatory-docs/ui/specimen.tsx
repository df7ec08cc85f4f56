import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { readPublic } from "@probity/web/shell/api.ts";
import { useQuery } from "@tanstack/react-query";
import { statusLook } from "./finding-status.ts";
import { docsApi } from "./path.ts";
import css from "./specimen.module.css";
import type { Finding } from "./types.ts";

/**
 * One finding as a visitor will read it: what the engine finds in a sample procedure, asked of the server. Where it can't be
 * had the page does without.
 */
export function Specimen() {
  const example = useQuery({
    queryKey: ["check-example"],
    queryFn: ({ signal }) => readPublic<Finding>(docsApi.checkExample(), signal),
    staleTime: Infinity,
  });
  if (example.isError) return null;
  return (
    <figure className={css.specimen} aria-labelledby="specimen-title">
      <figcaption id="specimen-title">A finding on the sample procedures</figcaption>
      {example.data ? <Sheet finding={example.data} /> : <Skeleton rows={8} label="Reading a sample procedure" />}
    </figure>
  );
}

function Sheet({ finding }: { finding: Finding }) {
  const seen = finding.obligations.find((each) => each.seen === true && each.evidence.length > 0);
  const missing = finding.obligations.find((each) => each.seen === false);
  const mark = seen?.evidence[0];
  const evidence = mark === undefined ? undefined : finding.evidence[mark];
  const look = statusLook[finding.status];
  return (
    <div className={css.sheet}>
      <div className={css.head}>
        <span className={css.id}>{finding.requirementId}</span>
        <b>{finding.title}</b>
        <StatusMark tone={look.tone} word={look.word} tinted />
      </div>
      <ul>
        {seen && mark !== undefined && (
          <li>
            <StatusMark tone="covered" word="seen:" /> {seen.statement}
            <span className={css.mark}>{mark + 1}</span>
          </li>
        )}
        {missing && (
          <li>
            <StatusMark tone="gap" word="not seen:" /> {missing.statement}
          </li>
        )}
      </ul>
      {evidence && mark !== undefined && (
        <blockquote>
          <p className={css.source}>
            <span className={css.mark}>{mark + 1}</span> {evidence.documentName}
          </p>
          <q>{evidence.quote.replaceAll(/\s+/g, " ")}</q>
        </blockquote>
      )}
      <p className={css.next}>
        <b>Next step.</b> {finding.nextStep}
      </p>
    </div>
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

import type { Evidence } from "./types.ts";
import css from "./evidence-list.module.css";

interface Props {
  evidence: Evidence[];
  active: number;
  onEvidence: (index: number, as: "text" | "page") => void;
  isPdf: (documentId: string) => boolean;
}

/** Where it stands: `SOP-012 r3 p. 4`. */
export function citation(item: Evidence): string {
  return `${item.documentName} r${item.revision}${item.page === null ? "" : ` p. ${item.page}`}`;
}

/** The quotes, numbered, in the documents' own words and face. */
export function EvidenceList(props: Props) {
  if (props.evidence.length === 0) {
    return <p className={css.none}>No passage in these documents speaks of it.</p>;
  }
  return (
    <ol className={css.list} aria-label="Evidence">
      {props.evidence.map((item, index) => (
        <li key={`${item.documentId}:${item.start}:${item.end}`} data-active={index === props.active || undefined}>
          <button
            type="button"
            className={css.pick}
            aria-current={index === props.active || undefined}
            onClick={() => props.onEvidence(index, "text")}
          >
            <span className={css.head}>
              <span className={css.number}>
                <span className="p-hidden">Evidence </span>
                {index + 1}
              </span>
              <span className={css.source}>{citation(item)}</span>
            </span>
            <span className={css.quote}>“{item.quote.trim()}”</span>
          </button>
          {props.isPdf(item.documentId) && (
            <button type="button" className={css.page} onClick={() => props.onEvidence(index, "page")}>
              page
            </button>
          )}
        </li>
      ))}
    </ol>
  );
}

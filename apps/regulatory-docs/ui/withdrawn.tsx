import { StatusShape } from "@probity/web/kit/status-mark.tsx";
import type { WithdrawnCitation } from "./types.ts";
import css from "./withdrawn.module.css";

/** Citations of sections that are no longer in force, with what replaced them. */
export function Withdrawn(props: { items: WithdrawnCitation[]; open: number; onOpen: (number: number) => void }) {
  const { items } = props;
  return (
    <details className={css.box} open={props.open > 0 || undefined}>
      <summary>
        <StatusShape tone="gap" />{" "}
        {items.length === 1 ? "1 citation of a withdrawn section" : `${items.length} citations of withdrawn sections`}
      </summary>
      <ul>
        {items.map((item, index) => (
          <li key={`${item.documentId}:${item.start}`}>
            <button
              type="button"
              aria-current={props.open === index + 1 || undefined}
              onClick={() => props.onOpen(index + 1)}
            >
              <b>{item.citation}</b>
              {item.replacedBy !== null && <> now {item.replacedBy}</>}
              <span className={css.where}>
                {item.documentName}
                {item.page === null ? "" : ` p. ${item.page}`}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}

import { Act } from "./act.tsx";
import css from "./filter-chips.module.css";

export interface Chip {
  key: string;
  /** What is filtered by: "received". */
  name: string;
  value: string;
}

/** What a list is narrowed to, each taken off by pressing it. Nothing where nothing narrows it. */
export function FilterChips(props: { chips: readonly Chip[]; onRemove: (key: string) => void; onClear: () => void }) {
  if (props.chips.length === 0) return null;
  return (
    <ul className={css.chips} aria-label="Filters in force">
      {props.chips.map(({ key, name, value }) => (
        <li key={key}>
          <button
            type="button"
            className={css.chip}
            title="Take this filter off"
            aria-label={`Take off: ${name} ${value}`}
            onClick={() => props.onRemove(key)}
          >
            <span className={css.value}>
              <span className={css.name}>{name}</span> {value}
            </span>
            <span className={css.off} aria-hidden="true">
              ×
            </span>
          </button>
        </li>
      ))}
      {props.chips.length > 1 && (
        <li>
          <Act look="quiet" onAct={props.onClear}>
            Clear all
          </Act>
        </li>
      )}
    </ul>
  );
}

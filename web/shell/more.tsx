import { Act } from "../kit/act.tsx";
import css from "./page.module.css";

/** How much of a list is shown and the way to the rest. */
export function More(props: {
  shown: number;
  total: number | undefined;
  noun: string;
  more: boolean;
  busy: boolean;
  onMore: () => void;
}) {
  return (
    <p className={css.row}>
      <span className={css.muted}>
        {props.total === undefined || props.total === props.shown
          ? `${props.shown} ${props.shown === 1 ? props.noun.replace(/s$/, "") : props.noun}`
          : `${props.shown} of ${props.total} ${props.noun}`}
        {props.more && props.total === undefined ? ", more to load" : ""}
      </span>
      {props.more && (
        <Act busy={props.busy} onAct={props.onMore}>
          Load more
        </Act>
      )}
    </p>
  );
}

import { useEffect } from "react";
import { Act } from "./act.tsx";
import css from "./undo-bar.module.css";

/** What was just done and the way back, for ten seconds. It stands in the page: a toast carries no act. */
export function UndoBar(props: { text: string; onUndo: () => void; onGone: () => void }) {
  const { text, onGone } = props;
  useEffect(() => {
    const timer = setTimeout(onGone, 10_000);
    return () => clearTimeout(timer);
  }, [text, onGone]);
  return (
    <div className={css.bar} role="status">
      <span>{text}</span>
      <Act look="quiet" hint="U" onAct={props.onUndo}>
        Undo
      </Act>
    </div>
  );
}

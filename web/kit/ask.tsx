import type { ReactNode } from "react";
import { Act } from "./act.tsx";
import css from "./ask.module.css";
import { Dialog } from "./dialog.tsx";

/**
 * Asked before what can't be taken back, or not whole: what follows is said line by line, and the button names the act. Never
 * "Are you sure?".
 */
export function Ask(props: {
  title: string;
  /** What follows, a line each. */
  follows: readonly string[];
  /** The act in words: "Revoke link". */
  act: string;
  /** What one does instead: "Keep the link". */
  keep: string;
  busy: boolean;
  onDo: () => void;
  onClose: () => void;
  /** What came in its way. */
  children?: ReactNode;
}) {
  return (
    <Dialog open title={props.title} onClose={props.onClose}>
      <div className={css.ask}>
        {props.children}
        <ul className={css.follows}>
          {props.follows.map((each) => (
            <li key={each}>{each}</li>
          ))}
        </ul>
        <div className={css.acts}>
          <Act look="danger" size="form" busy={props.busy} onAct={props.onDo}>
            {props.act}
          </Act>
          <Act size="form" onAct={props.onClose}>
            {props.keep}
          </Act>
        </div>
      </div>
    </Dialog>
  );
}

import type { ReactNode } from "react";
import css from "./proof-line.module.css";

/** Who can vouch for what is shown: version, leaf, checkpoint, holders. Never a bare green tick. */
export function ProofLine({ parts, children }: { parts: ReactNode[]; children?: ReactNode }) {
  return (
    <p className={css.line}>
      {parts.map((item, index) => (
        // The parts of one line have a fixed order.
        <span key={index}>{item}</span>
      ))}
      {children}
    </p>
  );
}

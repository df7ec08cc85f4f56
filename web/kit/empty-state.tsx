import type { ReactNode } from "react";
import css from "./empty-state.module.css";

/** One sentence and the next act. */
export function EmptyState({ children, act }: { children: ReactNode; act?: ReactNode }) {
  return (
    <div className={css.empty}>
      <p>{children}</p>
      {act}
    </div>
  );
}

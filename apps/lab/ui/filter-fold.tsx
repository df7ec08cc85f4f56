import { Act } from "@probity/web/kit/act.tsx";
import { type ReactNode, useState } from "react";
import css from "./filter-fold.module.css";

/** Filters in a row; on a phone folded behind a button that says how many are on, so that the list comes first. */
export function FilterFold({ on, children }: { on: number; children: ReactNode }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <span className={css.toggle}>
        <Act pressed={open} onAct={() => setOpen(!open)}>
          {on === 0 ? "Filters" : `Filters, ${on} on`}
        </Act>
      </span>
      <div className={css.more} data-shut={!open || undefined}>
        {children}
      </div>
    </>
  );
}

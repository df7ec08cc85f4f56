import type { CSSProperties } from "react";
import page from "@probity/web/shell/page.module.css";
import css from "./instrument.module.css";
import type { Lot } from "./instrument-types.ts";

/** What is left of a lot, as a share of what came in, with the number in its unit. */
export function Left({ lot }: { lot: Pick<Lot, "left" | "received" | "unit"> }) {
  const share = Math.max(0, Math.min(100, (Number(lot.left) / Number(lot.received || "1")) * 100));
  const style: CSSProperties & { "--share": string } = { "--share": `${share}%` };
  return (
    <span className={page.line}>
      <span className={css.left} style={style} aria-hidden="true" />
      <span className={page.mono}>{lot.left}</span> {lot.unit}
    </span>
  );
}

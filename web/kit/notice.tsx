import type { ReactNode } from "react";
import { StatusShape } from "./status-mark.tsx";
import { type Tone, toneColour } from "./status.ts";
import css from "./notice.module.css";

/** A sentence on a status tint, with the act that leads out of it. */
export function Notice(props: { tone: Tone; children: ReactNode; act?: ReactNode; urgent?: boolean }) {
  const { ink, tint } = toneColour(props.tone);
  return (
    <div
      className={css.notice}
      style={{ background: tint, borderInlineStartColor: ink }}
      role={props.urgent ? "alert" : "status"}
    >
      <span className={css.shape}>
        <StatusShape tone={props.tone} />
      </span>
      <div className={css.words}>{props.children}</div>
      {props.act}
    </div>
  );
}

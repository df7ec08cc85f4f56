import { type Tone, toneColour } from "./status.ts";
import css from "./status-mark.module.css";

/** The shape of a tone alone: disc, half, triangle, ring, dashed ring, seal. Survives forced colours. */
export function StatusShape({ tone, size = 12 }: { tone: Tone; size?: number }) {
  const colour = toneColour(tone).ink;
  return (
    <svg className={css.shape} width={size} height={size} viewBox="0 0 12 12" aria-hidden="true">
      {tone === "covered" && <circle cx="6" cy="6" r="5" fill={colour} />}
      {tone === "partial" && (
        <>
          <circle cx="6" cy="6" r="4.25" fill="none" stroke={colour} strokeWidth="1.5" />
          <path d="M6 1.75a4.25 4.25 0 0 0 0 8.5z" fill={colour} />
        </>
      )}
      {tone === "gap" && <path d="M6 .8 11.6 11H.4z" fill={colour} />}
      {tone === "none" && <circle cx="6" cy="6" r="4.25" fill="none" stroke={colour} strokeWidth="1.5" />}
      {tone === "planned" && (
        <circle cx="6" cy="6" r="4.25" fill="none" stroke={colour} strokeWidth="1.5" strokeDasharray="2.2 1.6" />
      )}
      {tone === "sealed" && <rect x="1" y="1" width="10" height="10" fill={colour} />}
    </svg>
  );
}

/** Shape and word; `tinted` sets them on the status tint. */
export function StatusMark(props: { tone: Tone; word: string; tinted?: boolean; struck?: boolean }) {
  const { ink, tint } = toneColour(props.tone);
  return (
    <span
      className={props.tinted ? css.tinted : css.mark}
      style={props.tinted ? { color: ink, background: tint } : { color: ink }}
    >
      <StatusShape tone={props.tone} />
      {props.struck ? <s>{props.word}</s> : <span>{props.word}</span>}
    </span>
  );
}

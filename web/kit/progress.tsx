import css from "./progress.module.css";

/** A determinate bar with its stage in words, for work of three seconds and more. */
export function Progress(props: { stage: string; done: number; total: number; unit?: string }) {
  const share = props.total > 0 ? Math.min(1, props.done / props.total) : 0;
  const count = props.total > 0 ? `${props.done} of ${props.total}${props.unit ? ` ${props.unit}` : ""}` : "";
  return (
    <div className={css.box}>
      <div className={css.words}>
        <span>{props.stage}</span>
        <span className={css.count}>{count}</span>
      </div>
      <div
        className={css.track}
        role="progressbar"
        aria-label={props.stage}
        aria-valuemin={0}
        aria-valuemax={props.total}
        aria-valuenow={props.done}
        aria-valuetext={`${props.stage} ${count}`}
      >
        <div className={css.bar} style={{ inlineSize: `${share * 100}%` }} />
      </div>
    </div>
  );
}

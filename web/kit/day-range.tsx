import css from "./date-field.module.css";
import { DateField } from "./date-field.tsx";

/** First and last day of a period in a row of filters: neither may pass the other, and on a phone both stand in one line. */
export function DayRange(props: {
  /** The fields are called NAME-from and NAME-to. */
  name: string;
  label: string;
  from: string;
  to: string;
  onFrom: (day: string) => void;
  onTo: (day: string) => void;
}) {
  const { name, from, to } = props;
  return (
    <span className={css.range}>
      <DateField
        quiet
        name={`${name}-from`}
        label={props.label}
        max={to || undefined}
        value={from}
        onChange={props.onFrom}
      />
      <DateField quiet name={`${name}-to`} label="to" min={from || undefined} value={to} onChange={props.onTo} />
    </span>
  );
}

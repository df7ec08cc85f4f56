import css from "./card-choice.module.css";

interface Props<Value extends string> {
  name: string;
  legend: string;
  value: Value;
  options: readonly { value: Value; title: string; detail: string }[];
  onChange: (value: Value) => void;
}

/** Few choices, each shown with what it means: the browser's own radio buttons on ruled cards. */
export function CardChoice<Value extends string>(props: Props<Value>) {
  return (
    <fieldset className={css.set}>
      <legend>{props.legend}</legend>
      <div className={css.cards}>
        {props.options.map((option) => (
          <label key={option.value} className={css.card}>
            <input
              type="radio"
              name={props.name}
              value={option.value}
              checked={option.value === props.value}
              onChange={() => props.onChange(option.value)}
            />
            <b>{option.title}</b>
            <span>{option.detail}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

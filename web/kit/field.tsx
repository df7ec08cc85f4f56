import { PasswordInput, TextInput } from "@mantine/core";
import { type Ref, useEffect, useRef } from "react";
import css from "./field.module.css";

interface Props {
  /** Also the id that an error summary links to. */
  name: string;
  label: string;
  value: string;
  onChange: (value: string) => void;
  onLeave?: () => void;
  hint?: string;
  error?: string | undefined;
  /** A day is entered in a DateField. */
  kind?: "text" | "email" | "password";
  autoComplete?: string;
  inputRef?: Ref<HTMLInputElement>;
  /** What was said here before, offered while typing; anything else may be typed too. */
  known?: readonly string[] | undefined;
}

/** One line of a form: words above, hint beneath them, error in the same words as the summary. */
export function Field(props: Props) {
  const shared = {
    id: props.name,
    name: props.name,
    label: props.label,
    description: props.hint,
    error: props.error,
    value: props.value,
    autoComplete: props.autoComplete,
    onBlur: props.onLeave,
    classNames: { input: css.input, label: css.label, error: css.error, description: css.hint },
    onChange: (event: { currentTarget: { value: string } }) => props.onChange(event.currentTarget.value),
  };
  if (props.kind === "password") {
    return (
      <PasswordInput
        {...shared}
        ref={props.inputRef ?? null}
        visibilityToggleButtonProps={{ "aria-label": "Show password", tabIndex: 0 }}
      />
    );
  }
  const input = (
    <TextInput
      {...shared}
      ref={props.inputRef ?? null}
      type={props.kind ?? "text"}
      spellCheck={false}
      {...(props.known === undefined ? {} : { list: `${props.name}-known` })}
    />
  );
  if (props.known === undefined) return input;
  return (
    <>
      {input}
      <datalist id={`${props.name}-known`}>
        {props.known.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </datalist>
    </>
  );
}

/** A drop-down of the browser's own: full keyboard and screen reader behaviour, no script. */
export function Choice<Value extends string>(props: {
  name: string;
  label: string;
  value: Value;
  options: readonly { value: Value; label: string }[];
  onChange: (value: Value) => void;
  quiet?: boolean;
}) {
  return (
    <label className={props.quiet ? css.quiet : css.choice}>
      <span className={css.label}>{props.label}</span>
      <select
        id={props.name}
        name={props.name}
        className={css.select}
        value={props.value}
        onChange={(event) => {
          const chosen = props.options.find((option) => option.value === event.currentTarget.value);
          if (chosen) props.onChange(chosen.value);
        }}
      >
        {props.options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The list of what is wrong above a form, each line a link to its field (same words as beside it). */
export function ErrorSummary({
  errors,
  focus,
}: {
  errors: Record<string, string>;
  /** Takes the focus, and so comes into view, where `errors` changes on submitting alone. */ focus?: boolean;
}) {
  const list = Object.entries(errors);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (focus === true) box.current?.focus();
  }, [errors, focus]);
  if (list.length === 0) return null;
  return (
    <div ref={box} className={css.summary} role="alert" tabIndex={-1}>
      <strong>{list.length === 1 ? "One entry needs a look." : `${list.length} entries need a look.`}</strong>
      <ul>
        {list.map(([name, message]) => (
          <li key={name}>
            <a
              href={`#${name}`}
              onClick={(event) => {
                event.preventDefault();
                document.getElementById(name)?.focus();
              }}
            >
              {message}
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

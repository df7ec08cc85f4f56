import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import type { Tone } from "@probity/web/kit/status.ts";
import page from "@probity/web/shell/page.module.css";
import { useId, useState, type KeyboardEvent } from "react";
import css from "./instrument.module.css";

export interface Pick {
  id: string;
  number: string;
  name: string;
  detail: string;
  look: { tone: Tone; word: string };
}

/**
 * Several of a list, by keyboard alone: what is typed or scanned filters, Enter takes the first that is left; arrows walk,
 * Space takes or leaves.
 */
export function PickList(props: {
  label: string;
  items: readonly Pick[];
  picked: ReadonlySet<string>;
  onToggle: (id: string) => void;
  empty: string;
  /** Takes the focus when its dialog opens. */
  first?: boolean;
}) {
  const [words, setWords] = useState("");
  const [at, setAt] = useState(0);
  const id = useId();
  const wanted = words.trim().toLowerCase();
  const shown = props.items.filter((each) =>
    `${each.number} ${each.name} ${each.detail}`.toLowerCase().includes(wanted),
  );
  const take = (each: Pick | undefined) => {
    if (each !== undefined) props.onToggle(each.id);
  };
  const walk = (event: KeyboardEvent<HTMLElement>) => {
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: shown.length - 1,
    };
    const next = steps[event.key];
    if (next !== undefined) {
      event.preventDefault();
      const to = Math.min(Math.max(next, 0), shown.length - 1);
      setAt(to);
      event.currentTarget.querySelectorAll<HTMLElement>("[role=option]")[to]?.focus();
    } else if (event.key === " " || event.key === "Enter") {
      event.preventDefault();
      take(shown[at]);
    }
  };
  return (
    <div className={css.picker}>
      <label className="p-hidden" htmlFor={id}>
        Find {props.label}
      </label>
      <input
        id={id}
        className={page.search}
        placeholder={`Find or scan ${props.label.toLowerCase()}`}
        data-autofocus={props.first || undefined}
        autoComplete="off"
        spellCheck={false}
        value={words}
        onChange={(event) => {
          setWords(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || wanted === "") return;
          event.preventDefault();
          const exact = shown.find((each) => each.number.toLowerCase() === wanted);
          take(exact ?? shown[0]);
          setWords("");
        }}
      />
      <div className={css.list} role="listbox" aria-multiselectable="true" aria-label={props.label} onKeyDown={walk}>
        {shown.length === 0 && (
          <p className={page.muted}>{props.items.length === 0 ? props.empty : "Nothing matches."}</p>
        )}
        {shown.map((each, index) => (
          <div
            key={each.id}
            role="option"
            aria-selected={props.picked.has(each.id)}
            tabIndex={index === Math.min(at, shown.length - 1) ? 0 : -1}
            onFocus={() => setAt(index)}
            onClick={() => {
              setAt(index);
              take(each);
            }}
          >
            <span className={css.tick} aria-hidden="true">
              {props.picked.has(each.id) ? "✓" : ""}
            </span>
            <b>{each.number}</b>
            <span>
              {each.name} <small>{each.detail}</small>
            </span>
            <StatusMark {...each.look} />
          </div>
        ))}
      </div>
    </div>
  );
}

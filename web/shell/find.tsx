import { useEffect, useRef, useState } from "react";
import css from "./page.module.css";

const pauseMs = 250;

/** Words to look for. What is typed stands at once; the list follows when the typing pauses, and an address that changes is taken over. */
export function Find(props: {
  label: string;
  hint: string;
  value: string;
  onFind: (words: string) => void;
  /** Enter says these words are whole, as a scanner does after a label. */
  onEnter?: (words: string) => void;
}) {
  const { value, onFind } = props;
  const [typed, setTyped] = useState(value);
  const sent = useRef(value);
  const find = useRef(onFind);
  useEffect(() => {
    find.current = onFind;
  }, [onFind]);
  useEffect(() => {
    if (value === sent.current) return;
    sent.current = value;
    setTyped(value);
  }, [value]);
  useEffect(() => {
    if (typed === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = typed;
      find.current(typed);
    }, pauseMs);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <input
      type="search"
      className={css.search}
      aria-label={props.label}
      placeholder={props.hint}
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter" && typed.trim() !== "") props.onEnter?.(typed.trim());
      }}
    />
  );
}

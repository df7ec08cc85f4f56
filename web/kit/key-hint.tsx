import css from "./key-hint.module.css";

/** A key cap. Hidden from assistive technology: the act carries its own name. */
export function KeyHint({ of }: { of: string }) {
  return (
    <kbd className={css.key} aria-hidden="true">
      {of}
    </kbd>
  );
}

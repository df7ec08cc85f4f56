import css from "./steps.module.css";

/** Where one stands in a short sequence. */
export function Steps({ names, at }: { names: readonly string[]; at: number }) {
  return (
    <ol className={css.steps} aria-label="Steps">
      {names.map((name, index) => (
        <li key={name} aria-current={index === at ? "step" : undefined} data-done={index < at || undefined}>
          {index + 1} {name}
        </li>
      ))}
    </ol>
  );
}

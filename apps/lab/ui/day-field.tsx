import page from "@probity/web/shell/page.module.css";

/** A day in a row of filters; empty is no end. */
export function DayField(props: { label: string; value: string; onChange: (value: string) => void }) {
  return (
    <label className={page.dated}>
      {props.label}
      <input
        type="date"
        className={page.search}
        value={props.value}
        onChange={(event) => props.onChange(event.currentTarget.value)}
      />
    </label>
  );
}

import { Choice } from "@probity/web/kit/field.tsx";
import { DownloadAct } from "@probity/web/shell/download-act.tsx";
import page from "@probity/web/shell/page.module.css";
import { usePlace } from "@probity/web/shell/place.tsx";

type Changed = Readonly<Record<string, string>>;

/** Filters of a list as the address holds them: what is asked of the API, one of them as text, and how to change some. */
export function useFilters(names: readonly string[]) {
  const place = usePlace();
  const value = (name: string) => {
    const given = place.search[name];
    return typeof given === "string" ? given : "";
  };
  const asked = Object.fromEntries(names.map((name) => [name, value(name)] as const).filter(([, each]) => each !== ""));
  return {
    value,
    asked,
    narrowed: Object.keys(asked).length > 0,
    set: (changed: Changed) => place.query({ ...asked, ...changed }, true),
    clear: () => place.query({}, true),
  };
}

/** How much of a list is shown; where nothing fits, the way back to all of it. */
export function Shown(props: { count: number; total: number; one: string; many: string }) {
  const { count, total, one, many } = props;
  if (count === 0) return null;
  return (
    <p className={page.muted}>
      {count === total ? `${total} ${total === 1 ? one : many}` : `${count} of ${total} ${many}`}
    </p>
  );
}

/** What a list is filtered by: words, which count on Enter and on leaving the field, choices, and the same lines as a file. */
export function FilterRow(props: {
  /** What is filtered: "instruments". */
  of: string;
  placeholder: string;
  filters: ReturnType<typeof useFilters>;
  choices: readonly { name: string; label: string; options: readonly { value: string; label: string }[] }[];
  file: { path: string; name: string };
}) {
  const { value, set } = props.filters;
  const words = value("q");
  return (
    <div className={page.filters}>
      <input
        className={page.search}
        aria-label={`Filter ${props.of}`}
        placeholder={props.placeholder}
        defaultValue={words}
        onKeyDown={(event) => event.key === "Enter" && set({ q: event.currentTarget.value })}
        onBlur={(event) => event.currentTarget.value !== words && set({ q: event.currentTarget.value })}
      />
      {props.choices.map((each) => (
        <Choice
          key={each.name}
          quiet
          name={each.name}
          label={each.label}
          value={value(each.name)}
          options={[{ value: "", label: "Any" }, ...each.options]}
          onChange={(chosen) => set({ [each.name]: chosen })}
        />
      ))}
      <DownloadAct look="quiet" path={props.file.path} name={props.file.name}>
        Export these as CSV
      </DownloadAct>
    </div>
  );
}

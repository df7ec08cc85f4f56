import { useQuery } from "@tanstack/react-query";
import { isColleague } from "./access-words.ts";
import { read } from "./api.ts";
import type { People } from "./api-types.ts";
import type { KeyLimit, OwnKeys } from "./key-types.ts";
import { api } from "./path.ts";
import { usePlace } from "./place.tsx";
import css from "./page.module.css";

/** Which records a key sees: all that its person sees, or those named here (ACC-04). */
export function LimitKey(props: {
  limits: OwnKeys["limits"];
  value: KeyLimit | null;
  onChange: (value: KeyLimit | null) => void;
}) {
  const { limits, value, onChange } = props;
  const { params } = usePlace();
  const people = useQuery({
    queryKey: ["people", params.ws],
    queryFn: () => read<People>(api.people()),
    enabled: value !== null,
  });
  const active = (people.data?.items ?? []).filter(isColleague);
  const toggle = (part: keyof KeyLimit, id: string) => {
    if (value === null) return;
    const kept = value[part].filter((each) => each !== id);
    onChange({ ...value, [part]: kept.length === value[part].length ? [...kept, id] : kept });
  };
  return (
    <>
      <fieldset className={css.choices}>
        <legend>Which data it sees</legend>
        <label>
          <input type="radio" name="key-data" checked={value === null} onChange={() => onChange(null)} /> What you see
        </label>
        <label>
          <input
            type="radio"
            name="key-data"
            checked={value !== null}
            onChange={() => onChange({ members: [], records: [] })}
          />{" "}
          Only what is marked below
        </label>
      </fieldset>
      {value !== null && (
        <>
          <fieldset className={css.choices}>
            <legend>Records, with all that comes of them</legend>
            {limits.records.length === 0 && <p>You see no record with an owner yet.</p>}
            {limits.records.map((each) => (
              <label key={each.id}>
                <input
                  type="checkbox"
                  checked={value.records.includes(each.id)}
                  onChange={() => toggle("records", each.id)}
                />{" "}
                <span>
                  {each.title} <span className={css.muted}>{kindOf(each.record)}</span>
                </span>
              </label>
            ))}
          </fieldset>
          <fieldset className={css.choices}>
            <legend>Everything these people own, now and later</legend>
            {active.map((each) => (
              <label key={each.id}>
                <input
                  type="checkbox"
                  checked={value.members.includes(each.id)}
                  onChange={() => toggle("members", each.id)}
                />{" "}
                <span>{each.name}</span>
              </label>
            ))}
          </fieldset>
          <p className={css.muted}>
            It never sees more than you do. A limit holds for records that have an owner, so the list below offers what
            works on these.
          </p>
        </>
      )}
    </>
  );
}

/** "regulatory_docs.collection" is a collection. */
const kindOf = (record: string) => record.slice(record.indexOf(".") + 1).replaceAll("_", " ");

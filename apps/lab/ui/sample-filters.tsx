import { DayRange } from "@probity/web/kit/day-range.tsx";
import { Choice } from "@probity/web/kit/field.tsx";
import { type Chip, FilterChips } from "@probity/web/kit/filter-chips.tsx";
import { read } from "@probity/web/shell/api.ts";
import type { Page } from "@probity/web/shell/api-types.ts";
import { DownloadAct } from "@probity/web/shell/download-act.tsx";
import { Find } from "@probity/web/shell/find.tsx";
import page from "@probity/web/shell/page.module.css";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { FilterFold } from "./filter-fold.tsx";
import { labApi } from "./path.ts";
import css from "./sample-filters.module.css";
import type { Named } from "./types.ts";
import { stateLook, verdictLook } from "./words.ts";

/** What the list of samples is filtered by; the names of the API, of the address and of the file. */
export const sampleFilters = [
  "state",
  "product",
  "point",
  "verdict",
  "priority",
  "due",
  "receivedFrom",
  "receivedTo",
  "place",
  "q",
] as const;
export type SampleFilter = Readonly<Partial<Record<(typeof sampleFilters)[number], string>>>;

const verdicts = ["in", "warn", "conditional", "out", "unclear"] as const;
const dues = { late: "late", today: "today", week: "this week" } as const;

/** Filters of the list of samples, what of them is in force, and the same samples as a file. */
export function SampleFilters(props: {
  ws: string;
  given: SampleFilter;
  onChange: (change: SampleFilter) => void;
  /** A whole number and Enter, as a scanner sends it. */
  onLabel: (label: string) => void;
  onClear: () => void;
  total: number | undefined;
  /** More acts on what is shown. */
  children?: ReactNode;
}) {
  const { ws, given, onChange } = props;
  const products = useQuery({ queryKey: ["lab-products", ws], queryFn: () => read<Page<Named>>(labApi.products()) });
  const points = useQuery({ queryKey: ["lab-points", ws], queryFn: () => read<Page<Named>>(labApi.points()) });
  const named = (items: readonly Named[] | undefined) => [
    { value: "", label: "any" },
    ...(items ?? []).map((item) => ({ value: item.id, label: `${item.code} ${item.name}` })),
  ];
  const chips = chipsOf(given, products.data?.items ?? [], points.data?.items ?? []);
  const narrowed = chips.filter(({ key }) => key !== "q" && key !== "state").length;
  return (
    <>
      <div className={css.row} role="search" aria-label="Filter samples">
        <Find
          label="Find samples"
          hint="Number, lot, product, point"
          value={given.q ?? ""}
          onFind={(words) => onChange({ q: words })}
          onEnter={props.onLabel}
        />
        <FilterFold on={narrowed}>
          <Choice
            quiet
            name="product"
            label="Product"
            value={given.product ?? ""}
            options={named(products.data?.items)}
            onChange={(value) => onChange({ product: value })}
          />
          <Choice
            quiet
            name="point"
            label="Sampling point"
            value={given.point ?? ""}
            options={named(points.data?.items)}
            onChange={(value) => onChange({ point: value })}
          />
          <Choice
            quiet
            name="verdict"
            label="Verdict"
            value={given.verdict ?? ""}
            options={[
              { value: "", label: "any" },
              ...verdicts.map((value) => ({ value, label: verdictLook[value].word })),
            ]}
            onChange={(value) => onChange({ verdict: value })}
          />
          <Choice
            quiet
            name="priority"
            label="Priority"
            value={given.priority ?? ""}
            options={[
              { value: "", label: "any" },
              { value: "urgent", label: "urgent" },
              { value: "routine", label: "routine" },
            ]}
            onChange={(value) => onChange({ priority: value })}
          />
          <Choice
            quiet
            name="due"
            label="Due"
            value={given.due ?? ""}
            options={[
              { value: "", label: "any day" },
              ...Object.entries(dues).map(([value, label]) => ({ value, label })),
            ]}
            onChange={(value) => onChange({ due: value })}
          />
          <span className={css.received}>
            <DayRange
              name="received"
              label="Received"
              from={given.receivedFrom ?? ""}
              to={given.receivedTo ?? ""}
              onFrom={(value) => onChange({ receivedFrom: value })}
              onTo={(value) => onChange({ receivedTo: value })}
            />
            <span className={page.meta}>days of UTC</span>
          </span>
        </FilterFold>
      </div>
      <div className={css.foot}>
        <FilterChips
          chips={chips}
          onRemove={(key) => onChange(key === "received" ? { receivedFrom: "", receivedTo: "" } : { [key]: "" })}
          onClear={props.onClear}
        />
        {props.total !== undefined && <span className={page.muted}>{props.total.toLocaleString("en-GB")} match</span>}
        {(props.total ?? 0) > 0 && (
          <DownloadAct path={labApi.samples({ ...given, format: "csv" })} name="samples.csv">
            Export CSV
          </DownloadAct>
        )}
        {props.children}
      </div>
    </>
  );
}

function chipsOf(given: SampleFilter, products: readonly Named[], points: readonly Named[]): Chip[] {
  const nameOf = (items: readonly Named[], id: string) => items.find((item) => item.id === id)?.code ?? "…";
  const { state, verdict, due, receivedFrom: from, receivedTo: to } = given;
  const known = <Key extends string>(words: Readonly<Record<Key, unknown>>, key: string): key is Key => key in words;
  const values: [string, string, string | undefined][] = [
    ["q", "words", given.q],
    [
      "state",
      "stands",
      state === "open" ? "not verified yet" : state && known(stateLook, state) ? stateLook[state].word : state,
    ],
    ["product", "product", given.product && nameOf(products, given.product)],
    ["point", "point", given.point && nameOf(points, given.point)],
    ["verdict", "verdict", verdict && known(verdictLook, verdict) ? verdictLook[verdict].word : verdict],
    ["priority", "priority", given.priority],
    ["place", "stands in", given.place],
    ["due", "due", due && known(dues, due) ? dues[due] : due],
    [
      "received",
      "received",
      from && to ? (from === to ? from : `${from} to ${to}`) : from ? `from ${from}` : to && `to ${to}`,
    ],
  ];
  return values.flatMap(([key, name, value]) => (value ? [{ key, name, value }] : []));
}

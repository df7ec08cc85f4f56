import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Choice } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { showDay } from "@probity/web/kit/time.ts";
import { read, write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { usePlace } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import css from "./lab.module.css";
import { chartApi, type ChartList } from "./chart-types.ts";
import { labApi, labPage } from "./path.ts";
import { askedDuplicates, determinationOf, extraOf, ownRowFault, OwnRows, type OwnRow } from "./own-rows.tsx";
import type { MethodVersion, Waiting } from "./types.ts";

/** Gathers what waits for a method, urgent and due first, with a blank, a control and a duplicate where they are wanted. */
export function NewWorksheet(props: {
  open: boolean;
  method: string | undefined;
  onClose: () => void;
  onMade: (id: string) => void;
}) {
  const place = usePlace();
  const ws = place.params["ws"] ?? "";
  const waiting = useQuery({
    queryKey: ["lab-waiting"],
    queryFn: () => read<{ items: Waiting[] }>(labApi.waiting()),
    enabled: props.open,
    staleTime: 0,
  });
  const all = waiting.data?.items ?? [];
  const methods = [...new Map(all.map((item) => [item.methodId, `${item.method}  ${item.methodTitle}`]))];
  const [chosenMethod, setMethod] = useState(props.method ?? "");
  const method = chosenMethod || (methods[0]?.[0] ?? "");
  const rows = all.filter((item) => item.methodId === method);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const picked = rows.filter((item) => !left.has(item.id)).slice(0, 500);
  const [unused, setUnused] = useState<ReadonlySet<string>>(new Set());
  const charts = useQuery({
    queryKey: ["lab-charts-of", method],
    queryFn: () => read<ChartList>(chartApi.list({ method })),
    enabled: props.open && method !== "",
  });
  const offered = (charts.data?.items ?? []).filter(
    (chart) => chart.state === "in-use" && rows.some((item) => item.analyte === chart.analyte),
  );
  const known = useQuery({
    queryKey: ["lab-methods", ws],
    queryFn: () => read<{ items: MethodVersion[] }>(labApi.methods()),
    enabled: props.open,
  });
  const originals = picked.map((item) => ({
    id: item.id,
    at: determinationOf(item.methodId, item.analyte),
    label: `${item.sample}  ${item.name}`,
  }));
  const determinations = [
    ...new Map(
      picked.map((item) => {
        const at = determinationOf(item.methodId, item.analyte);
        return [at, { at, label: item.name, unit: item.unit }];
      }),
    ).values(),
  ];
  // What the method asks for is offered until something else is typed.
  const asked = askedDuplicates(
    known.data?.items.find((each) => each.methodId === method),
    originals,
  );
  const [typed, setTyped] = useState<{ method: string; rows: OwnRow[] } | null>(null);
  const own = (typed?.method === method ? typed.rows : asked).filter(({ at }) =>
    determinations.some((each) => each.at === at),
  );
  const queries = useQueryClient();
  const make = useMutation({
    mutationFn: () =>
      write<{ id: string }>("POST", labApi.worksheets(), {
        title: rows[0]?.methodTitle ?? "Worksheet",
        resultIds: picked.map((item) => item.id),
        extra: [
          ...offered
            .filter(({ id }) => !unused.has(id))
            .toSorted((a, b) => a.kind.localeCompare(b.kind))
            .map((chart) => ({
              kind: chart.kind,
              methodId: method,
              name: `${chart.material} ${chart.lot}`,
              chartId: chart.id,
              limit: { analyte: chart.analyte, compare: "entered" },
            })),
          ...extraOf(own),
        ],
      }),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: ["lab-worksheets"] });
      props.onMade(made.id);
    },
  });
  return (
    <Dialog open={props.open} onClose={props.onClose} title="New worksheet" size={640}>
      <div className={page.form}>
        {make.isError && <ProblemNotice problem={asProblem(make.error)} />}
        {waiting.isError && <ProblemNotice problem={asProblem(waiting.error)} />}
        {waiting.isPending && props.open && <Skeleton label="Reading what waits" />}
        {waiting.isSuccess && all.length === 0 && (
          <>
            <p>Nothing waits for a worksheet. What a sample is tested for waits from its receipt on.</p>
            <div>
              <Act look="main" size="form" onAct={() => place.go(labPage.samples(ws, "?state=registered"))}>
                Receive samples
              </Act>
            </div>
          </>
        )}
        {methods.length > 0 && (
          <>
            <Choice
              name="sheet-method"
              label="Method"
              value={method}
              options={methods.map(([value, label]) => ({ value, label }))}
              onChange={setMethod}
            />
            <p className={page.muted}>
              {picked.length} of {rows.length} determinations that wait, urgent and due ones first
            </p>
            <div className={css.waiting} role="group" aria-label="Determinations that wait">
              {rows.map((item) => (
                <label key={item.id}>
                  <input
                    type="checkbox"
                    checked={!left.has(item.id)}
                    onChange={() =>
                      setLeft((before) => {
                        const after = new Set(before);
                        if (!after.delete(item.id)) after.add(item.id);
                        return after;
                      })
                    }
                  />
                  <span className={css.number}>{item.sample}</span>
                  <span>
                    {item.product}, {item.name} {item.attempt > 1 && "(retest)"}{" "}
                    {item.priority === "urgent" && <span className={css.urgent}>urgent</span>}
                  </span>
                  <span className={page.meta}>{item.dueOn === null ? "" : `due ${showDay(item.dueOn)}`}</span>
                </label>
              ))}
            </div>
            {offered.length > 0 && <p className={page.muted}>Controls that feed a chart</p>}
            {offered.length > 0 && (
              <div className={css.waiting} role="group" aria-label="Charted controls">
                {offered.map((chart) => (
                  <label key={chart.id}>
                    <input
                      type="checkbox"
                      checked={!unused.has(chart.id)}
                      onChange={() =>
                        setUnused((before) => {
                          const after = new Set(before);
                          if (!after.delete(chart.id)) after.add(chart.id);
                          return after;
                        })
                      }
                    />
                    <span className={css.number}>{chart.lot}</span>
                    <span>
                      {chart.material}, {chart.name} {chart.kind === "blank" && "(blank)"}
                    </span>
                    <span className={page.meta}>
                      {chart.frozen === null ? "no frozen limits" : `limits v${chart.frozen}`}
                    </span>
                  </label>
                ))}
              </div>
            )}
            <p className={page.muted}>Blanks, other controls and duplicates</p>
            <OwnRows
              rows={own}
              determinations={determinations}
              originals={originals}
              onChange={(changed) => setTyped({ method, rows: changed })}
            />
            <div>
              <Act
                look="main"
                size="form"
                busy={make.isPending}
                disabledReason={
                  picked.length === 0 ? "Choose at least one determination." : ownRowFault(own, originals)
                }
                onAct={() => make.mutate()}
              >
                Make worksheet of {String(picked.length)}
              </Act>
            </div>
          </>
        )}
      </div>
    </Dialog>
  );
}

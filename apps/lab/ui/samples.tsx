import { Act } from "@probity/web/kit/act.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { type Column, LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showDay, showTime } from "@probity/web/kit/time.ts";
import { download } from "@probity/web/shell/api.ts";
import { More } from "@probity/web/shell/more.tsx";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { usePages } from "@probity/web/shell/use-pages.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { FirstSteps, useNextStep } from "./first-steps.tsx";
import css from "./lab.module.css";
import { CustodyAct } from "./custody-act.tsx";
import { NewSamples } from "./new-samples.tsx";
import { labApi, labPage } from "./path.ts";
import { Receive, sampleOfLabel } from "./receive.tsx";
import { type SampleFilter, SampleFilters, sampleFilters } from "./sample-filters.tsx";
import type { SampleLine } from "./types.ts";
import { useMay } from "./use-may.ts";
import { VerifySelected } from "./verify-selected.tsx";
import { refusedBecause, sampleTone, stateLook, verdictLook } from "./words.ts";

const views: readonly { title: string; query: Record<string, string> }[] = [
  { title: "All", query: {} },
  { title: "To receive", query: { state: "registered" } },
  { title: "In testing", query: { state: "received" } },
  { title: "To verify", query: { state: "tested" } },
  { title: "Late", query: { due: "late" } },
  { title: "Out, open", query: { state: "open", verdict: "out" } },
];
/** Labels are fetched by one address, which holds no more. */
const labelsMost = 300;
/** What one list of a verification holds. */
const verifiedMost = 200;

/** Every sample, by where it stands; filters are the address. */
export function Samples() {
  useTitle("Samples");
  const place = usePlace();
  const ws = place.params["ws"] ?? "";
  const given: Partial<Record<(typeof sampleFilters)[number], string>> = {};
  for (const name of sampleFilters) {
    const value = place.search[name];
    if (typeof value === "string" && value !== "") given[name] = value;
  }
  const set = (change: SampleFilter) => place.query({ ...given, ...change }, true);
  const list = usePages<SampleLine>(["lab-samples", ws, given], (cursor) =>
    labApi.samples({ ...given, limit: 50, cursor }),
  );
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  // The form is in the address, with the sample it repeats: it stays when the page is loaded anew.
  const making = place.search["register"] === "1";
  const like =
    typeof place.search["like"] === "string" && place.search["like"] !== "" ? place.search["like"] : undefined;
  const setMaking = (open: boolean) => place.query(open ? { ...given, register: "1" } : given, !open);
  const picked = list.items.filter((item) => chosen.has(item.id));
  const [asking, setAsking] = useState<"receive" | "custody" | "verify" | null>(null);
  const queries = useQueryClient();
  const done = () => {
    setAsking(null);
    setChosen(new Set());
  };
  // A scanner types the number of a label and presses Enter: one sample has it.
  const scan = useMutation({
    mutationFn: sampleOfLabel,
    onSuccess: (found) => found !== undefined && place.go(labPage.sample(ws, found.id)),
  });
  const print = useMutation({
    mutationFn: (format: "pdf" | "zpl") =>
      download(
        labApi.labels(
          picked.map((item) => item.id),
          format,
        ),
        `labels.${format}`,
      ),
  });
  const toggle = (id: string) =>
    setChosen((before) => {
      const after = new Set(before);
      if (!after.delete(id)) after.add(id);
      return after;
    });
  const may = useMay();
  const notMine = refusedBecause(may, "lab.sample.register", "technicians");
  const notReceiving = refusedBecause(may, "lab.sample.receive", "technicians");
  const filtered = Object.keys(given).length > 0;
  const none = list.isSuccess && list.items.length === 0;
  // Where there is nothing at all, there is nothing to filter.
  const bare = none && !filtered;
  const next = useNextStep(ws, bare);
  const make = (
    <Act
      look="main"
      size="form"
      disabledReason={notMine ?? (next === null ? undefined : "What comes before it stands below.")}
      onAct={() => setMaking(true)}
    >
      Register samples
    </Act>
  );
  const tooMany = picked.length > labelsMost ? `At most ${labelsMost} labels at once. Take some out.` : undefined;
  const rest = list.items.length - picked.length;
  const all = rest > 0 && (
    <Act look="quiet" onAct={() => setChosen(new Set(list.items.map((item) => item.id)))}>
      {`Select all ${list.items.length} shown`}
    </Act>
  );
  const failed = scan.error ?? print.error ?? list.error;
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>Samples</h1>
        <span className={page.row}>
          <Go to={labPage.places(ws)}>Storage</Go>
          <Go to={labPage.imports(ws, "samples")}>Import a file</Go>
          <Act size="form" disabledReason={notReceiving} onAct={() => setAsking("receive")}>
            Receive
          </Act>
          {make}
        </span>
      </div>
      {!bare && (
        <nav className={css.tabs} aria-label="Views">
          {views.map((view) => (
            <Act
              key={view.title}
              pressed={sameView(view.query, given)}
              onAct={() => {
                setChosen(new Set());
                set({ state: "", verdict: "", due: "", ...view.query });
              }}
            >
              {view.title}
            </Act>
          ))}
        </nav>
      )}
      {picked.length > 0 ? (
        <div className={css.selection}>
          <b>{picked.length} selected</b>
          <Act
            disabledReason={
              notReceiving ??
              (picked.some((item) => item.state !== "registered")
                ? "Only registered samples are received; take the others out."
                : undefined)
            }
            onAct={() => setAsking("receive")}
          >
            Receive
          </Act>
          <Act
            disabledReason={
              notReceiving ??
              (picked.some((item) => item.state === "registered")
                ? "What was not received is not here yet; take it out."
                : undefined)
            }
            onAct={() => setAsking("custody")}
          >
            Move or dispose
          </Act>
          <Act
            disabledReason={
              refusedBecause(may, "lab.result.verify", "reviewers") ??
              (picked.some((item) => item.state !== "tested")
                ? "Only what is tested is verified; take the others out."
                : picked.length > verifiedMost
                  ? `At most ${verifiedMost} samples by one signature. Take some out.`
                  : undefined)
            }
            onAct={() => setAsking("verify")}
          >
            Verify
          </Act>
          <Act busy={print.isPending} disabledReason={tooMany} onAct={() => print.mutate("pdf")}>
            Labels (PDF)
          </Act>
          <Act busy={print.isPending} disabledReason={tooMany} onAct={() => print.mutate("zpl")}>
            Labels (ZPL)
          </Act>
          <Act look="quiet" onAct={() => setChosen(new Set())}>
            Clear
          </Act>
          {all}
        </div>
      ) : bare ? null : (
        <SampleFilters
          ws={ws}
          given={given}
          onChange={set}
          onLabel={(label) => scan.mutate(label)}
          onClear={() => place.query({}, true)}
          total={list.total}
        >
          {all}
        </SampleFilters>
      )}
      {failed !== null && (
        <ProblemNotice
          problem={asProblem(failed)}
          onRetry={failed === list.error ? () => void list.refetch() : undefined}
        />
      )}
      {list.isPending && <Skeleton label="Reading samples" />}
      {bare && next !== null && <FirstSteps ws={ws} next={next} />}
      {none && (next === null || filtered) && (
        <EmptyState act={filtered ? <Act onAct={() => place.query({}, true)}>Clear the filters</Act> : make}>
          {filtered ? "No sample fits these filters." : "No sample yet. Register one, or import a file of them."}
        </EmptyState>
      )}
      {list.items.length > 0 && (
        <div className={css.clip}>
          <LedgerTable
            caption="Samples"
            rows={list.items}
            rowKey={(item) => item.id}
            tone={sampleTone}
            columns={columns(ws, chosen, toggle)}
          />
        </div>
      )}
      {list.isSuccess && list.items.length > 0 && (
        <More
          shown={list.items.length}
          total={list.total}
          noun="samples"
          more={list.hasNextPage}
          busy={list.isFetchingNextPage}
          onMore={() => void list.fetchNextPage()}
        />
      )}
      <Receive open={asking === "receive"} chosen={picked} onClose={() => setAsking(null)} onDone={done} />
      {asking === "verify" && (
        <VerifySelected
          ws={ws}
          samples={picked}
          onClose={() => setAsking(null)}
          onDone={() => {
            done();
            void queries.invalidateQueries({ queryKey: ["lab-samples"] });
          }}
        />
      )}
      <CustodyAct
        open={asking === "custody"}
        ids={picked.map((item) => item.id)}
        what={picked.length === 1 ? (picked[0]?.number ?? "") : `${picked.length} samples`}
        onClose={() => setAsking(null)}
        onDone={done}
      />
      <NewSamples
        ws={ws}
        open={making}
        like={like}
        onLike={(id) => place.query({ ...given, register: "1", like: id }, true)}
        onClose={() => setMaking(false)}
        onMade={(ids) => {
          setChosen(new Set(ids));
          place.query({}, true);
        }}
      />
    </div>
  );
}

function columns(ws: string, chosen: ReadonlySet<string>, toggle: (id: string) => void): Column<SampleLine>[] {
  const today = new Date().toISOString().slice(0, 10);
  return [
    {
      id: "pick",
      title: "Select",
      quiet: true,
      width: "40px",
      cell: (item) => (
        <label className={css.pick}>
          <input
            type="checkbox"
            aria-label={`Select ${item.number}`}
            checked={chosen.has(item.id)}
            onChange={() => toggle(item.id)}
          />
        </label>
      ),
    },
    {
      id: "number",
      title: "Sample",
      lead: true,
      cell: (item) => (
        <>
          <Go to={labPage.sample(ws, item.id)} className={css.number}>
            {item.number}
          </Go>{" "}
          {item.priority === "urgent" && <span className={css.urgent}>urgent</span>}
        </>
      ),
    },
    {
      id: "product",
      title: "Product",
      cell: (item) => (
        <>
          {item.product}{" "}
          <span className={page.meta}>
            {item.point !== null && `${item.point} ${item.pointName ?? ""}`} {item.lot !== null && `lot ${item.lot}`}
          </span>
        </>
      ),
    },
    {
      id: "state",
      title: "Stands",
      width: "120px",
      cell: (item) => <StatusMark tone={stateLook[item.state].tone} word={stateLook[item.state].word} />,
    },
    {
      id: "results",
      title: "Results",
      width: "72px",
      end: true,
      cell: (item) => (
        <span
          title={`${item.entered} entered, ${item.verified} verified of ${item.results}`}
        >{`${item.entered}/${item.results}`}</span>
      ),
    },
    {
      id: "verdict",
      title: "Verdict",
      width: "96px",
      cell: (item) =>
        item.verdict !== null && (
          <StatusMark tone={verdictLook[item.verdict].tone} word={verdictLook[item.verdict].word} />
        ),
    },
    {
      id: "received",
      title: "Received",
      named: true,
      width: "104px",
      cell: (item) =>
        item.receivedAt !== null && (
          <time className={css.day} dateTime={item.receivedAt} title={showTime(item.receivedAt)}>
            {showDay(item.receivedAt)}
          </time>
        ),
    },
    {
      id: "due",
      title: "Due",
      named: true,
      width: "104px",
      cell: (item) => {
        if (item.dueOn === null) return null;
        const late = item.dueOn < today && ["registered", "received", "tested"].includes(item.state);
        return (
          <span
            className={late ? `${css.day} ${css.late}` : css.day}
          >{`${showDay(item.dueOn)}${late ? " late" : ""}`}</span>
        );
      },
    },
  ];
}

/** A view is a state, a verdict and when it is due; what else narrows it leaves it the same view. */
function sameView(query: Record<string, string>, given: SampleFilter): boolean {
  return (["state", "verdict", "due"] as const).every((key) => (query[key] ?? "") === (given[key] ?? ""));
}

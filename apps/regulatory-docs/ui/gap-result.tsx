import { Act } from "@probity/web/kit/act.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { KeyHelp } from "@probity/web/kit/key-help.tsx";
import { singleKey } from "@probity/web/kit/keys.ts";
import { SplitView } from "@probity/web/kit/split-view.tsx";
import { type KeyboardEvent, type ReactNode, useMemo, useRef, useState } from "react";
import { Detail } from "./detail.tsx";
import { HeatMap } from "./heat-map.tsx";
import { Matrix } from "./matrix.tsx";
import { type Filter, filterWords, select } from "./matrix-model.ts";
import type { Selection } from "./selection.ts";
import { Strip } from "./strip.tsx";
import type { Finding, Run } from "./types.ts";
import { type DocumentSource, type Shown, Viewer } from "./viewer.tsx";
import { Withdrawn } from "./withdrawn.tsx";
import css from "./gap-result.module.css";

interface Props {
  run: Omit<Run, "id" | "collectionId">;
  /** What every finding of it rests on. */
  proof: string[];
  source: DocumentSource;
  selection: Selection;
  onSelect: (change: Selection, replace?: boolean) => void;
  /** Line of title, counts and menus above the strip. */
  head: ReactNode;
  /** Filters this result can answer. */
  offered: readonly Filter[];
  /** Decision bar of a finding; none on the free check. */
  decide?: (finding: Finding) => ReactNode;
  /** A single key the decision bar answers; true when it was taken. */
  onKey?: (key: string, finding: Finding) => boolean;
  foot?: ReactNode;
}

const keys = [
  ["J, K or arrows", "next or previous requirement"],
  ["1–9", "that evidence"],
  ["[ and ]", "evidence before, next"],
  ["Enter", "into the document"],
  ["Esc", "back to the list"],
  ["F3", "next evidence, in the document"],
  ["/", "filter by words"],
] as const;
const decideKeys = [
  ["A", "accept, then the next undecided"],
  ["O", "override in place"],
  ["E", "assign"],
  ["D", "set a due date"],
  ["N", "note"],
  ["U", "undo"],
] as const;

/** Matrix, finding and document on one screen; the same for a run and for the free check. */
export function GapResult(props: Props) {
  const { run, selection, onSelect } = props;
  const box = useRef<HTMLDivElement>(null);
  const [help, setHelp] = useState(false);
  const filter = selection.f ?? "all";
  const visible = useMemo(() => select(run.findings, filter, selection.q), [run.findings, filter, selection.q]);
  const finding = run.findings.find((item) => item.requirementId === selection.req) ?? visible[0];
  const evidence = Math.min((selection.ev ?? 1) - 1, Math.max(0, (finding?.evidence.length ?? 1) - 1));
  const withdrawn = selection.wd === undefined ? undefined : run.withdrawn[selection.wd - 1];

  const shown = useMemo<Shown | null>(() => {
    if (withdrawn !== undefined) {
      const document = run.documents.find((item) => item.id === withdrawn.documentId);
      return {
        documentId: withdrawn.documentId,
        name: withdrawn.documentName,
        revision: document?.revision ?? 1,
        page: withdrawn.page,
        marks: [{ ...withdrawn, index: 0 }],
        active: 0,
        total: 1,
      };
    }
    const whole = run.documents.find((item) => item.id === selection.doc);
    if (whole !== undefined) {
      const all = finding?.evidence ?? [];
      const marks = all.flatMap((item, index) => (item.documentId === whole.id ? [{ ...item, index }] : []));
      return {
        documentId: whole.id,
        name: whole.name,
        revision: whole.revision,
        page: null,
        marks,
        active: -1,
        total: all.length,
      };
    }
    const item = finding?.evidence[evidence];
    if (finding === undefined || item === undefined) return null;
    const marks = finding.evidence.flatMap((other, index) =>
      other.documentId === item.documentId ? [{ ...other, index }] : [],
    );
    return {
      documentId: item.documentId,
      name: item.documentName,
      revision: item.revision,
      page: item.page,
      marks,
      active: evidence,
      total: finding.evidence.length,
    };
  }, [finding, evidence, withdrawn, selection.doc, run.documents]);

  const pick = (req: string, pane?: Selection["pane"]) =>
    onSelect({ ...selection, req, ev: 1, wd: 0, doc: "", ...(pane === undefined ? {} : { pane }) }, true);
  const open = (index: number, as: "text" | "page" = selection.as ?? "text", pane?: Selection["pane"]) =>
    onSelect(
      { ...selection, req: finding?.requirementId ?? "", ev: index + 1, wd: 0, doc: "", as, ...(pane ? { pane } : {}) },
      true,
    );
  const step = (by: 1 | -1) => {
    const total = finding?.evidence.length ?? 0;
    if (total > 0) open((evidence + by + total) % total);
  };
  const toList = () => box.current?.querySelector<HTMLElement>('[role="row"][tabindex="0"]')?.focus();

  const onKey = (event: KeyboardEvent) => {
    const key = singleKey(event);
    if (key === null || finding === undefined) return;
    const at = visible.findIndex((item) => item.requirementId === finding.requirementId);
    const onButton = event.target instanceof HTMLButtonElement;
    const acts: Record<string, () => void> = {
      j: () => pick(visible[Math.min(visible.length - 1, at + 1)]?.requirementId ?? finding.requirementId),
      k: () => pick(visible[Math.max(0, at - 1)]?.requirementId ?? finding.requirementId),
      "[": () => step(-1),
      "]": () => step(1),
      "/": () => box.current?.querySelector<HTMLElement>("input[type=search]")?.focus(),
      "?": () => setHelp(true),
    };
    if (!onButton) {
      acts.Enter = () => {
        onSelect({ ...selection, req: finding.requirementId, pane: "viewer" }, true);
        box.current?.querySelector<HTMLElement>("[data-viewer]")?.focus();
      };
    }
    if (key !== "?" && event.shiftKey) return;
    const number = Number(key);
    if (number >= 1 && number <= finding.evidence.length) acts[key] = () => open(number - 1);
    const act = acts[key];
    if (act !== undefined) {
      event.preventDefault();
      act();
    } else if (props.onKey?.(key, finding) === true) {
      event.preventDefault();
    }
  };

  const pane = selection.pane ?? "list";
  return (
    <div className={css.result} data-pane={pane} ref={box} onKeyDown={onKey}>
      <div className={css.top}>
        {props.head}
        <Strip findings={run.findings} selected={finding?.requirementId} onPick={(req) => pick(req, "detail")} />
        <div className={css.tools}>
          <div role="group" aria-label="Show" className={css.filters}>
            {props.offered.map((name) => (
              <Act
                key={name}
                pressed={filter === name && selection.show !== "map"}
                onAct={() => onSelect({ ...selection, f: name, show: "matrix" })}
              >
                {filterWords[name]} {select(run.findings, name).length}
              </Act>
            ))}
            <Act pressed={selection.show === "map"} onAct={() => onSelect({ ...selection, show: "map" })}>
              Map
            </Act>
          </div>
          <input
            type="search"
            className={css.search}
            placeholder="Filter by words"
            aria-label="Filter requirements by words"
            value={selection.q ?? ""}
            onChange={(event) => onSelect({ ...selection, q: event.currentTarget.value }, true)}
            onKeyDown={(event) => {
              if (event.key === "Escape") toList();
            }}
          />
          <span className={css.help}>
            <Act look="quiet" hint="?" onAct={() => setHelp(true)}>
              Keys
            </Act>
          </span>
        </div>
      </div>
      {selection.show === "map" ? (
        <HeatMap run={run} onPick={(req) => onSelect({ ...selection, req, ev: 1, show: "matrix" })} />
      ) : (
        <SplitView
          active={pane}
          panes={[
            {
              id: "list",
              label: "Requirements",
              share: 0.3,
              node: (
                <>
                  {run.withdrawn.length > 0 && (
                    <Withdrawn
                      items={run.withdrawn}
                      open={selection.wd ?? 0}
                      onOpen={(wd) => onSelect({ ...selection, wd, doc: "", pane: "viewer" }, true)}
                    />
                  )}
                  {visible.length === 0 ? (
                    <EmptyState
                      act={<Act onAct={() => onSelect({ ...selection, f: "all", q: "" })}>Show all requirements</Act>}
                    >
                      No requirement matches this filter.
                    </EmptyState>
                  ) : (
                    <Matrix
                      findings={visible}
                      selected={finding?.requirementId}
                      onSelect={(req) => pick(req)}
                      onOpen={(req) => pick(req, "detail")}
                      decides={props.decide !== undefined}
                    />
                  )}
                </>
              ),
            },
            {
              id: "detail",
              label: "Finding",
              share: 0.37,
              node: finding && (
                <Detail
                  key={finding.id}
                  finding={finding}
                  activeEvidence={withdrawn === undefined && (shown?.active ?? 0) >= 0 ? evidence : -1}
                  onEvidence={(index, as) => open(index, as, "viewer")}
                  onDocument={(doc) =>
                    onSelect({ ...selection, req: finding.requirementId, wd: 0, doc, pane: "viewer" }, true)
                  }
                  isPdf={props.source.isPdf}
                  proof={[...props.proof, ...(props.decide ? [`finding v${finding.version}`] : [])]}
                >
                  {props.decide?.(finding)}
                </Detail>
              ),
            },
            {
              id: "viewer",
              label: "Document",
              share: 0.33,
              node: (
                <Viewer
                  source={props.source}
                  shown={shown}
                  as={selection.as ?? "text"}
                  onAs={(as) => onSelect({ ...selection, as }, true)}
                  onStep={step}
                  onLeave={toList}
                />
              ),
            },
          ]}
        />
      )}
      <Small
        pane={pane}
        onStep={(by) => {
          if (pane === "viewer") return step(by);
          const at = visible.findIndex((item) => item.requirementId === finding?.requirementId);
          const next = visible[Math.min(visible.length - 1, Math.max(0, at + by))];
          if (next !== undefined) pick(next.requirementId);
        }}
        onPane={(next) => onSelect({ ...selection, req: finding?.requirementId ?? "", pane: next })}
      />
      {props.foot}
      <KeyHelp open={help} onClose={() => setHelp(false)} keys={props.decide ? [...keys, ...decideKeys] : keys} />
    </div>
  );
}

/** On a narrow screen: which of the three is open, and the way to the others. */
function Small(props: {
  pane: "list" | "detail" | "viewer";
  onPane: (pane: "list" | "detail" | "viewer") => void;
  onStep: (by: 1 | -1) => void;
}) {
  const names = [
    ["list", "Requirements"],
    ["detail", "Finding"],
    ["viewer", "Document"],
  ] as const;
  return (
    <nav className={css.small} aria-label="Parts of this result">
      {props.pane !== "list" && (
        <button
          type="button"
          className={css.step}
          aria-label={props.pane === "viewer" ? "Evidence before" : "Requirement before"}
          onClick={() => props.onStep(-1)}
        >
          ‹
        </button>
      )}
      {names.map(([id, word]) => (
        <button
          key={id}
          type="button"
          aria-current={props.pane === id ? "page" : undefined}
          onClick={() => props.onPane(id)}
        >
          {word}
        </button>
      ))}
      {props.pane !== "list" && (
        <button
          type="button"
          className={css.step}
          aria-label={props.pane === "viewer" ? "Next evidence" : "Next requirement"}
          onClick={() => props.onStep(1)}
        >
          ›
        </button>
      )}
    </nav>
  );
}

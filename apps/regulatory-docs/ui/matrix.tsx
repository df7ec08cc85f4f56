import { StatusShape } from "@probity/web/kit/status-mark.tsx";
import { toneColour } from "@probity/web/kit/status.ts";
import { type KeyboardEvent, useEffect, useRef } from "react";
import { rowName, showCoverage, standing, statusLook } from "./finding-status.ts";
import { chapters } from "./matrix-model.ts";
import type { Finding } from "./types.ts";
import css from "./matrix.module.css";

interface Props {
  findings: Finding[];
  /** How many there are before the filter; what assistive technology is told. */
  selected: string | undefined;
  onSelect: (requirementId: string) => void;
  /** A click or tap, which on a narrow screen leaves the list; the keyboard's moves stay in it. */
  onOpen: (requirementId: string) => void;
  /** The free check decides nothing, so its rows carry no decision. */
  decides: boolean;
}

/** The requirements as a grid with one tab stop; arrows, Home and End move. */
export function Matrix(props: Props) {
  const grid = useRef<HTMLDivElement>(null);
  const at = props.findings.findIndex((finding) => finding.requirementId === props.selected);
  const stop = at < 0 ? props.findings[0]?.requirementId : props.selected;

  useEffect(() => {
    const row = grid.current?.querySelector<HTMLElement>('[aria-selected="true"]');
    row?.scrollIntoView({ block: "nearest" });
    if (grid.current?.contains(document.activeElement)) row?.focus({ preventScroll: true });
  }, [props.selected, props.findings.length]);

  const onKey = (event: KeyboardEvent) => {
    const last = props.findings.length - 1;
    const target = { ArrowDown: Math.min(last, at + 1), ArrowUp: Math.max(0, at - 1), Home: 0, End: last }[event.key];
    const finding = target === undefined ? undefined : props.findings[target];
    if (finding === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    props.onSelect(finding.requirementId);
  };

  const lines = new Map(props.findings.map((finding, index) => [finding.requirementId, index + 1]));
  const longest = Math.max(4, ...props.findings.map((finding) => finding.requirementId.length));
  return (
    <div
      ref={grid}
      style={{ "--id-width": `${longest}ch` }}
      role="grid"
      aria-label="Requirements"
      aria-rowcount={props.findings.length}
      onKeyDown={onKey}
    >
      {chapters(props.findings).map((chapter) => (
        <div key={chapter.findings[0]?.requirementId} role="rowgroup" aria-label={chapter.name}>
          <div className={css.chapter} role="row">
            <span role="rowheader" aria-colspan={4}>
              {chapter.name}
              {chapter.again && ", continued"}
            </span>
          </div>
          {chapter.findings.map((finding) => (
            <Row
              key={finding.requirementId}
              finding={finding}
              index={lines.get(finding.requirementId) ?? 1}
              selected={finding.requirementId === props.selected}
              stop={finding.requirementId === stop}
              onSelect={props.onOpen}
              decides={props.decides}
            />
          ))}
        </div>
      ))}
    </div>
  );
}

function Row(props: {
  finding: Finding;
  index: number;
  selected: boolean;
  stop: boolean;
  onSelect: (requirementId: string) => void;
  decides: boolean;
}) {
  const { finding } = props;
  const status = standing(finding);
  const look = statusLook[status];
  return (
    <div
      className={css.row}
      role="row"
      aria-rowindex={props.index}
      aria-selected={props.selected}
      aria-label={props.decides ? rowName(finding) : `${finding.requirementId} ${finding.title}, ${look.word}`}
      tabIndex={props.stop ? 0 : -1}
      style={{ boxShadow: `inset 4px 0 ${toneColour(look.tone).ink}` }}
      onClick={(event) => {
        event.currentTarget.focus();
        props.onSelect(finding.requirementId);
      }}
    >
      <span role="gridcell" className={css.id}>
        {finding.requirementId}
      </span>
      <span role="gridcell" className={css.title} title={finding.title}>
        {finding.changed && (
          <span className={css.changed} title="changed since the run before">
            Δ
          </span>
        )}
        {finding.title}
      </span>
      <span role="gridcell" className={css.decided}>
        {finding.decision === null ? "" : finding.decision.kind}
      </span>
      <span role="gridcell" className={css.status}>
        <span className={css.coverage} style={{ color: toneColour(look.tone).ink }}>
          {showCoverage(finding)}
        </span>
        <StatusShape tone={look.tone} />
        <span className="p-hidden">{look.word}</span>
      </span>
    </div>
  );
}

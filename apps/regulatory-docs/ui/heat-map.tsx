import { Act } from "@probity/web/kit/act.tsx";
import { type KeyboardEvent, useMemo, useRef, useState } from "react";
import { heatMap } from "./matrix-model.ts";
import type { Run } from "./types.ts";
import css from "./heat-map.module.css";

const cell = { width: 84, height: 28 };
const side = 280;
const head = 56;

/** Deepens with the share; the step at three quarters keeps the number readable on either side of it. */
function heat(share: number): string {
  const depth = share >= 0.75 ? 90 : Math.round(10 + 45 * share);
  return `color-mix(in oklab, var(--p-accent) ${depth}%, var(--p-raised))`;
}

/** A heading in at most three lines of a cell's width. */
function wrap(name: string): string[] {
  const lines: string[] = [];
  for (const word of name.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 12) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word.length > 12 ? `${word.slice(0, 11)}…` : word);
  }
  return lines.length > 3 ? [...lines.slice(0, 2), "…"] : lines;
}

/** Which document speaks to which chapter: documents down, chapters across, requirements with evidence in the cell. */
export function HeatMap({
  run,
  onPick,
}: {
  run: Pick<Run, "findings" | "documents">;
  onPick: (requirementId: string) => void;
}) {
  const map = useMemo(() => heatMap(run), [run]);
  const [asTable, setAsTable] = useState(false);
  const [at, setAt] = useState({ row: 0, column: 0 });
  const svg = useRef<SVGSVGElement>(null);

  const jump = (row: number, column: number) => {
    const document = map.rows[row];
    const finding = run.findings.find(
      (item) =>
        item.group === map.columns[column] && item.evidence.some((evidence) => evidence.documentId === document?.id),
    );
    if (finding !== undefined) onPick(finding.requirementId);
  };
  const onKey = (event: KeyboardEvent) => {
    const by = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
    if (event.key === "Enter") {
      event.stopPropagation();
      jump(at.row, at.column);
    }
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const row = Math.max(0, Math.min(map.rows.length - 1, at.row + (by[0] ?? 0)));
    const column = Math.max(0, Math.min(map.columns.length - 1, at.column + (by[1] ?? 0)));
    setAt({ row, column });
    svg.current?.querySelector<SVGElement>(`[data-at="${row}:${column}"]`)?.focus();
  };

  return (
    <div className={css.box}>
      <div className={css.head}>
        <p>
          Requirements of each chapter that find evidence in each document. Dark cells carry the chapter; an empty
          column is a chapter no document speaks to.
        </p>
        <Act pressed={asTable} onAct={() => setAsTable(!asTable)}>
          Show as table
        </Act>
      </div>
      <div className={css.scroll} tabIndex={0} role="group" aria-label="Evidence map">
        {asTable ? (
          <MapTable map={map} />
        ) : (
          <svg
            ref={svg}
            width={side + map.columns.length * cell.width + 8}
            height={head + map.rows.length * cell.height + 8}
            role="grid"
            aria-label="Documents by chapter"
            onKeyDown={onKey}
          >
            <g role="row" aria-label="Chapters">
              {map.columns.map((name, column) => (
                <text key={name} role="columnheader" x={side + column * cell.width + 4} y={16} className={css.axis}>
                  <title>{name}</title>
                  {wrap(name).map((line, at) => (
                    <tspan key={line} x={side + column * cell.width + 4} dy={at === 0 ? 0 : 14}>
                      {line}
                    </tspan>
                  ))}
                </text>
              ))}
            </g>
            {map.rows.map((row, line) => (
              <g key={row.id} role="row" transform={`translate(0 ${head + line * cell.height})`}>
                <text role="rowheader" x={0} y={18} className={css.name}>
                  <title>{row.name}</title>
                  {row.name.length > 40 ? `${row.name.slice(0, 39)}…` : row.name}
                </text>
                {row.cells.map((item, column) => (
                  <g
                    key={map.columns[column]}
                    role="gridcell"
                    className={css.cell}
                    data-at={`${line}:${column}`}
                    tabIndex={line === at.row && column === at.column ? 0 : -1}
                    aria-label={`${row.name}, ${map.columns[column]}: ${item.hits}/${item.of} requirements`}
                    transform={`translate(${side + column * cell.width} 0)`}
                    onClick={() => jump(line, column)}
                  >
                    <rect
                      x={1}
                      y={1}
                      width={cell.width - 2}
                      height={cell.height - 2}
                      style={{
                        fill: item.hits === 0 ? "var(--p-sunken)" : heat(item.hits / item.of),
                      }}
                    />
                    <text
                      x={8}
                      y={18}
                      className={css.count}
                      aria-hidden="true"
                      style={{ fill: item.hits / item.of >= 0.75 ? "var(--p-on-accent)" : "var(--p-ink)" }}
                    >
                      {item.hits === 0 ? "" : `${item.hits}/${item.of}`}
                    </text>
                  </g>
                ))}
              </g>
            ))}
          </svg>
        )}
      </div>
    </div>
  );
}

function MapTable({ map }: { map: ReturnType<typeof heatMap> }) {
  return (
    <table className={css.table}>
      <caption className="p-hidden">Requirements with evidence, by document and chapter</caption>
      <thead>
        <tr>
          <th scope="col">Document</th>
          {map.columns.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {map.rows.map((row) => (
          <tr key={row.id}>
            <th scope="row">{row.name}</th>
            {row.cells.map((item, column) => (
              <td key={map.columns[column]}>
                {item.hits} of {item.of}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

import { Act } from "@probity/web/kit/act.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import type { Tone } from "@probity/web/kit/status.ts";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { download, read } from "@probity/web/shell/api.ts";
import { PageProblem } from "@probity/web/shell/page-problem.tsx";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import css from "./family.module.css";
import { placeFamily, type Placed } from "./family-layout.ts";
import { inspectApi, inspectPage } from "./inspect-path.ts";
import type { Family, FamilyNode } from "./inspect-types.ts";
import { investigationPage } from "./investigation-types.ts";
import { qualityPage } from "./instrument-types.ts";
import { labPage } from "./path.ts";
import { verdictLook } from "./words.ts";

/** What a sample came from and what became of it, read from left to right. */
export function FamilyPage() {
  const place = usePlace();
  const [ws, id] = [place.params["ws"] ?? "", place.params["id"] ?? ""];
  const family = useQuery({ queryKey: ["lab-family", id], queryFn: () => read<Family>(inspectApi.family(id)) });
  const [asTable, setAsTable] = useState(false);
  const found = family.data;
  const sample = found?.nodes.find((node) => node.kind === "sample");
  useTitle(sample === undefined ? "Family" : `Family of ${sample.title}`);
  if (family.isError && family.data === undefined)
    return (
      <PageProblem
        title="Family"
        error={family.error}
        onRetry={() => void family.refetch()}
        back={<Go to={labPage.samples(ws)}>All samples</Go>}
      />
    );
  if (found === undefined || sample === undefined)
    return (
      <div className={page.page}>
        <Skeleton label="Following its traces" rows={6} />
      </div>
    );
  const named = new Map(found.nodes.map((node) => [node.id, node]));
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>Family of {sample.title}</h1>
        <Go to={labPage.sample(ws, sample.id)}>{sample.detail}</Go>
        <span className={page.row}>
          <Act pressed={asTable} onAct={() => setAsTable(!asTable)}>
            {asTable ? "Show as graph" : "Show as table"}
          </Act>
          {(["pdf", "csv", "json"] as const).map((format) => (
            <Act
              key={format}
              onAct={() => void download(inspectApi.record(id, format), `record-${sample.title}.${format}`)}
            >
              {`Record ${format.toUpperCase()}`}
            </Act>
          ))}
        </span>
      </div>
      <p className={page.lead}>{sayFamily(found)} Nothing is left out because it was superseded.</p>
      {asTable ? (
        <LedgerTable
          caption={`What is linked with ${sample.title}`}
          rows={found.edges}
          rowKey={(edge) => `${edge.from} ${edge.to}`}
          columns={[
            { id: "from", title: "From", lead: true, cell: (edge) => <Named node={named.get(edge.from)} ws={ws} /> },
            { id: "words", title: "Is", width: "170px", cell: (edge) => edge.words },
            { id: "to", title: "To", cell: (edge) => <Named node={named.get(edge.to)} ws={ws} /> },
          ]}
        />
      ) : (
        <Graph family={found} ws={ws} />
      )}
    </div>
  );
}

function Graph({ family, ws }: { family: Family; ws: string }) {
  const { nodes, edges, width, height, columns } = placeFamily(family);
  return (
    <div className={css.scroll} role="group" aria-label="Graph, left to right" tabIndex={0}>
      <div className={css.board} style={{ inlineSize: width, blockSize: height }}>
        <svg className={css.links} width={width} height={height} aria-hidden="true">
          {edges.map((edge) => (
            <path key={`${edge.from} ${edge.to}`} className={css.link} data-words={edge.words} d={edge.path} />
          ))}
        </svg>
        {columns.map((column) => (
          <span
            key={column.title}
            className={css.column}
            style={{ insetInlineStart: column.x, inlineSize: column.width }}
          >
            {column.title}
          </span>
        ))}
        {nodes.map((node) => (
          <Box key={node.id} node={node} ws={ws} />
        ))}
      </div>
    </div>
  );
}

function Box({ node, ws }: { node: Placed; ws: string }) {
  const to = pageOf(node, ws);
  const look = lookOf(node);
  const inside = (
    <>
      <b>{node.title}</b>
      <span>
        {look !== undefined && (
          <>
            <StatusMark tone={look.tone} word={look.word} />{" "}
          </>
        )}
        {node.detail}
      </span>
    </>
  );
  const shared = {
    className: css.node ?? "",
    style: { insetInlineStart: node.x, insetBlockStart: node.y, inlineSize: node.width, blockSize: node.height },
    "data-kind": node.kind,
    "data-state": node.state ?? undefined,
  };
  return (
    <div {...shared}>
      {to === null ? (
        <span className={css.inside}>{inside}</span>
      ) : (
        <Go to={to} className={css.inside}>
          {inside}
        </Go>
      )}
    </div>
  );
}

/** How a node stands, in a shape and a word: its colour alone says nothing. */
function lookOf(node: FamilyNode): { tone: Tone; word: string } | undefined {
  if (node.state === "superseded") return { tone: "none", word: "superseded" };
  if (node.kind !== "result" || node.state === null) return undefined;
  return Object.entries(verdictLook).find(([verdict]) => verdict === node.state)?.[1];
}

/** What the drawing shows, in words. */
function sayFamily({ nodes, edges }: Family): string {
  const count = (kind: string, one: string, many: string) => {
    const found = nodes.filter((node) => node.kind === kind).length;
    return found === 0 ? [] : [`${found} ${found === 1 ? one : many}`];
  };
  const out = nodes.filter((node) => node.kind === "result" && node.state === "out").length;
  const again = edges.filter((edge) => edge.words === "retested as").length;
  const parts = [
    ...count("result", "result", "results"),
    ...count("instrument", "instrument", "instruments"),
    ...count("lot", "lot", "lots"),
    ...count("investigation", "investigation", "investigations"),
    ...count("verification", "verification", "verifications"),
    ...count("certificate", "certificate", "certificates"),
  ];
  return `${parts.join(", ")}. ${out === 0 ? "None was out of specification" : `${out} out of specification`}${again === 0 ? "" : `, ${again} retested`}.`;
}

function Named({ node, ws }: { node: FamilyNode | undefined; ws: string }) {
  if (node === undefined) return null;
  const to = pageOf(node, ws);
  const words = (
    <>
      <b>{node.title}</b> <span className={page.meta}>{node.detail}</span>
    </>
  );
  return to === null ? words : <Go to={to}>{words}</Go>;
}

function pageOf(node: FamilyNode, ws: string): string | null {
  if (node.opens === null) return null;
  if (node.kind === "result") return inspectPage.evidence(ws, node.id);
  if (node.kind === "worksheet") return labPage.worksheet(ws, node.opens);
  if (node.kind === "investigation") return investigationPage.one(ws, node.opens);
  if (node.kind === "study") return inspectPage.study(ws, node.opens);
  if (node.kind === "certificate") return inspectPage.certificate(ws, node.opens);
  if (node.kind === "instrument") return qualityPage.instrument(ws, node.opens);
  if (node.kind === "lot") return qualityPage.lot(ws, node.opens);
  if (node.kind === "schedule") return null;
  return labPage.sample(ws, node.opens);
}

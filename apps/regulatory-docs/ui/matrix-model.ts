import { standing } from "./finding-status.ts";
import type { Counts, Finding, Run } from "./types.ts";

export const filters = ["all", "gap", "partial", "undecided", "changed"] as const;
export type Filter = (typeof filters)[number];

export const filterWords: Record<Filter, string> = {
  all: "All",
  gap: "Gaps",
  partial: "Partial",
  undecided: "Undecided",
  changed: "Changed",
};

/** A filter named in the address, or everything. */
export function filterOf(text: unknown): Filter {
  return filters.find((filter) => filter === text) ?? "all";
}

/** Findings that pass the filter and the words typed above the matrix. */
export function select(findings: Finding[], filter: Filter, words = ""): Finding[] {
  const wanted = words.trim().toLowerCase();
  return findings.filter((finding) => {
    if (filter === "gap" && standing(finding) !== "gap") return false;
    if (filter === "partial" && standing(finding) !== "partial") return false;
    if (filter === "undecided" && finding.decision !== null) return false;
    if (filter === "changed" && !finding.changed) return false;
    return (
      wanted === "" || `${finding.requirementId} ${finding.title} ${finding.summary}`.toLowerCase().includes(wanted)
    );
  });
}

export interface Chapter {
  name: string;
  /** True where the chapter goes on after another: 7.6 belongs to 7, which 7.1 began. */
  again?: boolean;
  findings: Finding[];
}

/** Findings in their order, gathered under the group each names. */
export function chapters(findings: Finding[]): Chapter[] {
  const list: Chapter[] = [];
  for (const finding of findings) {
    const last = list.at(-1);
    if (last?.name === finding.group) last.findings.push(finding);
    else {
      const again = list.some((chapter) => chapter.name === finding.group);
      list.push({ name: finding.group, findings: [finding], ...(again ? { again } : {}) });
    }
  }
  return list;
}

/** The coarser division for the strip: groups that share a leading number stand together (`7.2`, `7.3` in `7`). */
export function coarse(findings: Finding[]): Chapter[] {
  const list: Chapter[] = [];
  let key = "";
  for (const chapter of chapters(findings)) {
    const number = /^\d+/.exec(chapter.name)?.[0] ?? chapter.name;
    const last = list.at(-1);
    if (last !== undefined && number === key) last.findings.push(...chapter.findings);
    else list.push({ name: number === "" ? chapter.name : number, findings: [...chapter.findings] });
    key = number;
  }
  return list.length > 1 ? list : chapters(findings);
}

/** Mean coverage of what can be assessed; `null` where nothing can. */
export function meanCoverage(findings: Finding[]): number | null {
  const assessed = findings.filter((finding) => finding.status !== "not-assessable");
  if (assessed.length === 0) return null;
  return assessed.reduce((sum, finding) => sum + finding.coverage, 0) / assessed.length;
}

/** Counts of the standing statuses. */
export function count(findings: Finding[]): Counts {
  const counts: Counts = { covered: 0, partial: 0, gap: 0, notAssessable: 0 };
  for (const finding of findings) {
    const status = standing(finding);
    counts[status === "not-assessable" ? "notAssessable" : status] += 1;
  }
  return counts;
}

/** The next finding nobody has decided, after `from`, round the end; `null` when all are. */
export function nextUndecided(findings: Finding[], from: string | undefined): Finding | null {
  const start = findings.findIndex((finding) => finding.requirementId === from) + 1;
  const round = [...findings.slice(start), ...findings.slice(0, start)];
  return round.find((finding) => finding.decision === null && finding.requirementId !== from) ?? null;
}

/** One row a document, one column a chapter, its parts together: how many requirements find evidence there, of how many. */
export function heatMap(run: Pick<Run, "findings" | "documents">): {
  columns: string[];
  rows: { id: string; name: string; cells: { hits: number; of: number }[] }[];
} {
  const merged = new Map<string, Finding[]>();
  for (const finding of run.findings) merged.set(finding.group, [...(merged.get(finding.group) ?? []), finding]);
  const groups = [...merged].map(([name, findings]) => ({ name, findings }));
  return {
    columns: groups.map((group) => group.name),
    rows: run.documents
      .filter((document) => document.skipped === null)
      .map((document) => ({
        id: document.id,
        name: document.name,
        cells: groups.map((group) => ({
          hits: group.findings.filter((finding) => finding.evidence.some((item) => item.documentId === document.id))
            .length,
          of: group.findings.length,
        })),
      })),
  };
}

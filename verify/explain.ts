// Leaves that explain what is missing: erasures of fields and declared restores.
import { parseCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { FormatError } from "./format-error.ts";
import { epochAction, erasureAction } from "./format.ts";
import { isCount } from "./merkle.ts";
import type { CheckedLeaf } from "./opening.ts";
import type { Findings, LostRange } from "./finding.ts";

export type Restore = LostRange & { readonly oldNote: string; readonly old: Checkpoint | undefined };

/** What was found closed, and what explains it. */
export class Explanations {
  readonly #closed = new Map<number, readonly string[]>();
  readonly #erased = new Map<number, Set<string>>();
  readonly restores: Restore[] = [];
  erasures = 0;

  /** Notes a leaf that lies under the checkpoint. */
  note(leaf: CheckedLeaf, findings: Findings): void {
    const { index } = leaf.part;
    if (leaf.closed.length > 0) this.#closed.set(index, leaf.closed);
    if (leaf.body?.["outcome"] !== undefined && leaf.body["outcome"] !== "done") return;
    try {
      if (leaf.body?.["action"] === erasureAction) this.#noteErasure(leaf);
      if (leaf.body?.["action"] === epochAction) this.#noteRestore(leaf);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      findings.add("gap", error.message, index);
    }
  }

  /** Whether a size lies in a range that was signed once and is declared lost. */
  explainsLoss(size: number): Restore | undefined {
    return this.restores.find(({ from, to }) => size > from && size <= to);
  }

  /** Counts closed fields: those an erasure names, and the others, each leaf of which is a gap unless they may be closed. */
  settle(findings: Findings, mayBeClosed: boolean): { erased: number; closed: number } {
    let [erased, closed] = [0, 0];
    for (const [index, names] of this.#closed) {
      const unexplained = names.filter((name) => this.#erased.get(index)?.has(name) !== true);
      erased += names.length - unexplained.length;
      closed += unexplained.length;
      if (unexplained.length > 0 && !mayBeClosed)
        findings.add("gap", `Not shown, and by no erasure: ${unexplained.join(", ").slice(0, 200)}`, index);
    }
    return { erased, closed };
  }

  #noteErasure(leaf: CheckedLeaf): void {
    const list = valueOf(leaf, "leaves");
    if (!Array.isArray(list)) throw new FormatError("An erasure does not show what it erased");
    this.erasures += 1;
    for (const entry of list) {
      const [index, names] = Array.isArray(entry) ? entry : [];
      if (!isCount(index) || index >= leaf.part.index || !Array.isArray(names))
        throw new FormatError("An erasure names leaves that it can't have erased");
      const erased = this.#erased.get(index) ?? new Set();
      for (const name of names) if (typeof name === "string") erased.add(name);
      this.#erased.set(index, erased);
    }
  }

  #noteRestore(leaf: CheckedLeaf): void {
    const lost = valueOf(leaf, "lost");
    const owners = valueOf(leaf, "owners");
    const old = valueOf(leaf, "old");
    const [from, to] = Array.isArray(lost) ? lost : [];
    if (!isCount(from) || !isCount(to) || from > to)
      throw new FormatError("A restore does not show which leaves were lost");
    if (!Array.isArray(owners) || new Set(owners.filter((owner) => typeof owner === "string")).size < 2)
      throw new FormatError("A restore was not declared by two owners");
    if (typeof old !== "string") throw new FormatError("A restore does not show the checkpoint before it");
    // A signer that lost its memory may have lost no leaf; before the first checkpoint there is none to show.
    const checkpoint = old === "" ? undefined : parseCheckpoint(old.slice(0, old.lastIndexOf("\n\n") + 1));
    if ((checkpoint?.size ?? to) !== to || leaf.part.index < from)
      throw new FormatError("A restore does not fit the checkpoint before it");
    this.restores.push({ from, to, index: leaf.part.index, owners: owners.map(String), oldNote: old, old: checkpoint });
  }
}

function valueOf(leaf: CheckedLeaf, name: string): unknown {
  const text = leaf.values[name];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

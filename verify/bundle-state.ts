import { sameBytes } from "./encoding.ts";
import { UsageError } from "./format-error.ts";
import {
  erasureAction,
  epochAction,
  type Anchor,
  type BundleLine,
  type HeadLine,
  type LeafPart,
  type PlatformPart,
} from "./format.ts";
import { weighEvidence, type Evidence } from "./evidence.ts";
import { Explanations } from "./explain.ts";
import { runLater, type Provider } from "./hash.ts";
import { checkLeaves, type CheckedLeaf } from "./opening.ts";
import { TreeCheck } from "./tree-check.ts";
import { Keys, logOf, type OpenCheckpoint } from "./trust.ts";
import { Findings } from "./finding.ts";
import { verdictOf, type Verdict } from "./verdict.ts";

export type SeenLeaf = {
  readonly index: number;
  readonly body: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, string>>;
  readonly closed: readonly string[];
  readonly fault?: string;
};

export type VerifyOptions = {
  readonly provider: Provider;
  /** Verifier keys the reader brings: of the log, of its platform log, of witnesses. */
  readonly keys?: readonly string[];
  /** A checkpoint the reader kept from before: the file must continue it. */
  readonly checkpoint?: string;
  readonly onLeaf?: (leaf: SeenLeaf) => void;
  /** Bytes just read and leaves so far. */
  readonly onProgress?: (bytes: number, leaves: number) => void;
};

/** All that is known of a bundle while its lines arrive, and the judgement at its end. */
export class BundleState {
  readonly findings = new Findings();
  readonly #head: HeadLine;
  readonly #options: VerifyOptions;
  readonly #keys: Keys;
  readonly #tree: TreeCheck;
  readonly #explanations = new Explanations();
  readonly #checkpoints: OpenCheckpoint[] = [];
  readonly #platforms: PlatformPart[] = [];
  readonly #anchors: Anchor[] = [];
  readonly #outside: LeafPart[] = [];
  /** What lines say which leaves are; every leaf of these actions is looked at whether they say so or not. */
  readonly #pointers = new Map<number, string>();
  readonly #kept: OpenCheckpoint | undefined;
  #evidence: Evidence | undefined;
  #range: { readonly left: string; readonly right: string } | undefined;
  #next: number;
  #gapped = false;
  #ended = false;
  #leaves = 0;
  #verified = 0;
  #shown = 0;
  #rows = 0;
  #lastAt = "";
  #keptFits = false;

  private constructor(head: HeadLine, options: VerifyOptions, keys: Keys, kept: OpenCheckpoint | undefined) {
    this.#head = head;
    this.#options = options;
    this.#keys = keys;
    this.#kept = kept;
    this.#tree = new TreeCheck(options.provider.hashAll, this.findings);
    this.#next = head.from;
  }

  static async of(head: HeadLine, options: VerifyOptions): Promise<BundleState> {
    const keys = await Keys.of(head.origin, options.keys ?? [], head.vkeys, options.provider);
    const kept = options.checkpoint === undefined ? undefined : await keys.openLog(options.checkpoint);
    if (kept !== undefined && logOf(kept.checkpoint.origin) !== logOf(head.origin))
      throw new UsageError(`The checkpoint is of ${kept.checkpoint.origin}, the file of ${head.origin}`);
    const state = new BundleState(head, options, keys, kept);
    state.#checkHead();
    return state;
  }

  async take(line: BundleLine): Promise<void> {
    switch (line.kind) {
      case "checkpoint": {
        const opened = await this.#keys.openLog(line.note);
        if (opened.fault !== undefined) this.findings.add("fault", opened.fault);
        if (logOf(opened.checkpoint.origin) !== logOf(this.#head.origin))
          this.findings.add("fault", "A checkpoint is of another log");
        this.#checkpoints.push(opened);
        if (line.proof !== undefined) this.#tree.addProof(opened.checkpoint.size, line.proof);
        return;
      }
      case "consistency":
        this.#tree.addProof(line.from, line.proof);
        return;
      case "platform": {
        const { kind: _, ...part } = line;
        this.#platforms.push(part);
        return;
      }
      case "anchor":
        this.#anchors.push(line);
        return;
      case "range":
        this.#range = line;
        return;
      case "epoch":
      case "erasure":
        if (line.at === undefined) this.#pointers.set(line.index, line.kind === "epoch" ? epochAction : erasureAction);
        else this.#outside.push(line.at);
        return;
      case "end":
        this.#ended = true;
        if (line.leaves !== this.#leaves)
          this.findings.add("gap", `The file says it has ${line.leaves} leaves and has ${this.#leaves}`);
        return;
      default:
        return;
    }
  }

  /** Takes the next leaves: their openings, their places, their hashes. */
  async takeLeaves(parts: readonly LeafPart[]): Promise<void> {
    const filtered = this.#head.filter !== null;
    if (!filtered && !this.#tree.began && !this.#gapped) await this.#beginTree();
    const leaves = await runLater(checkLeaves(parts), this.#options.provider.hashAll);
    const contiguous: Uint8Array[] = [];
    for (const leaf of leaves) {
      const { index } = leaf.part;
      this.#leaves += 1;
      if (index < this.#next || index >= this.#head.to) {
        this.findings.add("fault", "A leaf stands where it can't: twice, out of order or outside the range", index);
      } else {
        if (!filtered && index !== this.#next) this.#miss(this.#next, index);
        this.#next = index + 1;
        contiguous.push(leaf.hash);
      }
      const under = !filtered || (await this.#includes(leaf));
      this.#noteLeaf(leaf, under);
    }
    if (!filtered && !this.#gapped) await this.#tree.append(contiguous);
  }

  /** The end of the file: everything is compared with the newest checkpoint. */
  async settle(): Promise<Verdict> {
    if (!this.#ended) this.findings.add("gap", "The file stops before its end");
    const newest = this.#checkpoints.at(-1);
    if (newest === undefined) {
      this.findings.add("gap", "The file holds no checkpoint: nothing says what the log signed");
      return this.verdict();
    }
    if (newest.signers.length === 0) {
      if (newest.fault === undefined) this.#unsigned();
      return this.verdict();
    }
    for (const part of this.#outside) await this.#takeOutside(part, newest);
    if (this.#head.filter === null) await this.#settleRange(newest);
    const evidence = await weighEvidence(
      { platforms: this.#platforms, anchors: this.#anchors },
      newest,
      this.#keys,
      this.#options.provider,
      this.findings,
    );
    this.#evidence = evidence;
    if (this.#keys.needsPlatform && evidence.platforms.length === 0)
      this.findings.add("gap", "The key you brought is the platform log's, and the file does not lead to it");
    if (newest.checkpoint.origin !== logOf(newest.checkpoint.origin) && this.#explanations.restores.length === 0)
      this.findings.add("gap", "The log goes on under a new name, and no declared restore says why");
    for (const restore of this.#explanations.restores) {
      if (restore.old === undefined) continue;
      const old = await this.#keys.openLog(restore.oldNote);
      if (old.signers.length === 0)
        this.findings.add("gap", "The checkpoint before a restore is not signed by a known key", restore.index);
    }
    for (const other of [...this.#checkpoints.slice(0, -1), ...evidence.held]) await this.#relate(other, newest, false);
    if (this.#kept !== undefined) this.#keptFits = await this.#relate(this.#kept, newest, true);
    return this.verdict();
  }

  /** The verdict on what is known now. */
  verdict(): Verdict {
    const newest = this.#checkpoints.at(-1);
    const { from, to, filter } = this.#head;
    const fields = this.#explanations.settle(this.findings, false);
    return verdictOf({
      kind: "bundle",
      head: this.#head,
      keys: this.#keys,
      kept: this.#keptFits,
      newest,
      evidence: this.#evidence,
      findings: this.findings,
      restores: this.#explanations.restores,
      range: { from, to },
      filtered: filter !== null,
      lastLeafAt: newest !== undefined && newest.checkpoint.size === to ? this.#lastAt : "",
      counts: {
        leaves: this.#leaves,
        verified: this.#verified,
        fieldsShown: this.#shown,
        fieldsErased: fields.erased,
        fieldsClosed: fields.closed,
        rows: this.#rows,
        checkpoints: this.#checkpoints.length,
        anchors: this.#evidence?.anchors ?? 0,
        erasures: this.#explanations.erasures,
        restores: this.#explanations.restores.length,
      },
    });
  }

  #checkHead(): void {
    const { origin, tenant, from, to, filter, complete, unfilteredCount } = this.#head;
    if (!logOf(origin).endsWith(`/logs/${tenant}`))
      this.findings.add("fault", "The file names a workspace and another's log");
    if (unfilteredCount !== to - from) this.findings.add("fault", "The file's range and its count do not fit");
    if (complete && filter !== null)
      this.findings.add("gap", "A selection says that it is complete, which it can't be");
    if (this.#keys.strange) this.findings.add("gap", "None of the keys you brought is for this log");
  }

  async #beginTree(): Promise<void> {
    const { from } = this.#head;
    if (this.#range === undefined && from > 0) {
      this.#gapped = true;
      this.findings.add("gap", "The hashes beside the range are missing");
      return;
    }
    const signed = [...this.#checkpoints, ...(this.#kept === undefined ? [] : [this.#kept])];
    const sizes = signed.map(({ checkpoint }) => checkpoint.size);
    for (const { note } of this.#anchors) sizes.push((await this.#keys.openAny(note)).checkpoint.size);
    await this.#tree.begin(from, this.#range?.left ?? "", this.#range?.right ?? "", sizes);
  }

  #miss(from: number, to: number): void {
    this.#gapped = true;
    this.findings.add("gap", to - from === 1 ? "A leaf is missing" : `${to - from} leaves are missing`, from);
  }

  async #includes(leaf: CheckedLeaf): Promise<boolean> {
    const newest = this.#checkpoints.at(-1);
    if (newest === undefined || newest.signers.length === 0) return false;
    if (await this.#tree.includes(leaf.part, leaf.hash, newest.checkpoint)) {
      this.#verified += 1;
      return true;
    }
    this.findings.add("fault", "The leaf is not in the signed log", leaf.part.index);
    return false;
  }

  #noteLeaf(leaf: CheckedLeaf, under: boolean): void {
    const { index, record } = leaf.part;
    const body = leaf.body ?? {};
    if (leaf.fault !== undefined) this.findings.add("fault", leaf.fault, index);
    if (leaf.body !== undefined && body["tenant"] !== this.#head.tenant)
      this.findings.add("fault", "The leaf is of another workspace", index);
    if (leaf.unopened) this.findings.add("gap", "What the leaf commits to is not shown, and by no erasure", index);
    const said = this.#pointers.get(index);
    if (said !== undefined && said !== body["action"])
      this.findings.add("fault", "A leaf is not the explanation it is said to be", index);
    if (leaf.fault === undefined) for (const _ in leaf.values) this.#shown += 1;
    if (record !== undefined) this.#rows += 1;
    this.#lastAt = body["at"] ?? "";
    if (under) this.#explanations.note(leaf, this.findings);
    this.#options.onLeaf?.({
      index,
      body,
      values: leaf.values,
      closed: leaf.closed,
      ...(leaf.fault === undefined ? {} : { fault: leaf.fault }),
    });
  }

  /** An explaining leaf from outside the range: by its own proof. */
  async #takeOutside(part: LeafPart, newest: OpenCheckpoint): Promise<void> {
    const [leaf] = await runLater(checkLeaves([part]), this.#options.provider.hashAll);
    if (leaf === undefined) throw new Error("An outside part without its leaf");
    if (leaf.fault !== undefined) this.findings.add("fault", leaf.fault, part.index);
    else if (await this.#tree.includes(part, leaf.hash, newest.checkpoint))
      this.#explanations.note(leaf, this.findings);
    else this.findings.add("fault", "An explaining leaf is not in the signed log", part.index);
  }

  #unsigned(): void {
    // Somebody else signed in the name of a log whose key the reader knows: that is no mere unknown.
    if (this.#keys.pinned.log) this.findings.add("fault", "The checkpoint is not signed by the key you brought");
    else this.findings.add("remark", "No known key signed the checkpoint");
  }

  async #settleRange(newest: OpenCheckpoint): Promise<void> {
    const { from, to } = this.#head;
    const { size, root } = newest.checkpoint;
    if (this.#next < to) this.#miss(this.#next, to);
    if (this.#gapped) return;
    if (size < to) this.findings.add("gap", `The newest checkpoint ends at ${size}: what follows is not signed`, size);
    const found = await this.#tree.close(size);
    if (found === undefined) return;
    if (sameBytes(found, root)) {
      this.#verified = Math.min(size, to) - from;
      return;
    }
    let [good, bad] = [from, Math.min(size, to)];
    for (const { checkpoint, signers } of this.#checkpoints) {
      const known = signers.length > 0 ? this.#tree.rootAt(checkpoint.size) : undefined;
      if (known === undefined) continue;
      if (sameBytes(known, checkpoint.root)) good = Math.max(good, checkpoint.size);
      else bad = Math.min(bad, checkpoint.size);
    }
    this.findings.add(
      "fault",
      `The leaves do not give the root that was signed: something in [${good}, ${bad}) was changed`,
      good,
    );
  }

  /** An older checkpoint of this log: the newest must continue it, or a declared restore must say why not. */
  async #relate(other: OpenCheckpoint, newest: OpenCheckpoint, kept: boolean): Promise<boolean> {
    const name = kept ? "The checkpoint you kept" : "A checkpoint";
    const { size } = other.checkpoint;
    if (other.signers.length === 0) {
      if (kept) this.findings.add("fault", "The checkpoint you kept and this file are not signed by the same key");
      else if (other.fault === undefined) this.findings.add("gap", "A checkpoint is signed by nobody known");
      return false;
    }
    const relation = await this.#tree.relation(other.checkpoint, newest.checkpoint);
    if (relation === "same") return true;
    const restore = this.#explanations.explainsLoss(size);
    if (
      restore !== undefined &&
      (size < restore.to || (restore.old !== undefined && sameBytes(restore.old.root, other.checkpoint.root)))
    )
      return true;
    if (relation === "other") this.findings.add("fault", `${name} of ${size} leaves is of another history`);
    else if (size > newest.checkpoint.size)
      this.findings.add("rollback", `${name} has ${size} leaves; the file ends at ${newest.checkpoint.size}`);
    else this.findings.add("gap", `${name} of ${size} leaves can't be connected with the newest: its proof is missing`);
    return false;
  }
}

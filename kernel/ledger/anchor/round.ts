import { createHash, randomUUID, randomUUIDv7 as uuidv7 } from "node:crypto";
import { parseCheckpoint, parseNote } from "@probity/verify";
import type { Kernel } from "../../kernel.ts";
import type { Post } from "../../mail/post.ts";
import { policyValue } from "../../policy/store.ts";
import { workspaceName } from "../../tenancy/lookup.ts";
import { instanceTenantId } from "../../work/credential.ts";
import type { Tx } from "../../work/door.ts";
import { query } from "../../work/query.ts";
import type { Outside } from "../stream/receiver.ts";
import { sendWebhook } from "../stream/webhook.ts";
import { askWitness, type Cosigned, type WitnessedLog } from "../witness/client.ts";
import { checkpointMail } from "./mail.ts";
import { keptPlatformCheckpoint, platformConsistency, type PlatformCheckpoint } from "./platform-tree.ts";
import { targetSecrets } from "./target.ts";

/** A time-stamp over a digest, checked before it is believed (RFC 3161). Comes from outside the kernel. */
export type Stamp = (digest: Uint8Array) => Promise<{ readonly token: Uint8Array; readonly authority: string }>;

export type AnchorOptions = {
  readonly url: string;
  readonly post: Post;
  /** Whether mails leave. Where they wait in the outbox, a copy is nobody's yet and is noted as none. */
  readonly sendsMail: boolean;
  readonly outside?: Outside;
  /** Absent where no authority is configured. */
  readonly stamp?: Stamp | undefined;
  readonly onProblem: (error: unknown) => void;
  readonly pauseMs?: number;
  readonly leaseSeconds?: number;
};

type Due = {
  readonly tenantId: string;
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly address: string;
  readonly vkey: string;
  readonly known: number;
  readonly attempts: number;
  readonly failing: boolean;
  /** By hand, just now. */
  readonly asked: boolean;
};
type Result = {
  readonly problem: string | null;
  readonly size?: number;
  readonly pauseSeconds: number;
  readonly anchor?: {
    readonly kind: string;
    readonly holder: string;
    readonly size: number;
    readonly note: string;
    readonly proof?: string;
  };
};

const permission = "kernel.anchor.send";
const atOnce = 16;
const stampSeconds = 3_600;

/**
 * Gives checkpoints to those outside who are to hold them. Nothing waits for it: no change, no leaf and no checkpoint is held
 * back by a witness that does not answer. Several servers share the work by leases.
 */
export class AnchorRound {
  readonly #kernel: Kernel;
  readonly #options: AnchorOptions;
  readonly #holder = randomUUID();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(kernel: Kernel, options: AnchorOptions) {
    this.#kernel = kernel;
    this.#options = options;
  }

  start(): void {
    const next = () => {
      if (this.#stopped) return;
      this.#running = this.round()
        .catch(this.#options.onProblem)
        .finally(() => {
          if (!this.#stopped) this.#timer = setTimeout(next, this.#options.pauseMs ?? 2_000);
        });
    };
    next();
  }
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** Everything that is due now. Answers how many that were. */
  async round(): Promise<number> {
    const { token } = this.#kernel.system(instanceTenantId);
    const { leaseSeconds = 120, stamp } = this.#options;
    const rows = await this.#kernel.door.callFunction({
      sql: "select * from kernel.take_anchors($1, $2, $3, $4, $5)",
      parameters: [token, this.#holder, atOnce, leaseSeconds, stamp !== undefined],
    });
    if (rows.length === 0) return 0;
    const platform = await keptPlatformCheckpoint(this.#kernel);
    // Several workspaces may name one witness: it is asked once.
    const asked = new Map<string, Promise<Cosigned>>();
    await Promise.all(
      rows.map(async (row) => {
        const due: Due = {
          tenantId: String(row["tenant_id"]),
          id: String(row["id"]),
          kind: String(row["kind"]),
          name: String(row["name"]),
          address: String(row["address"]),
          vkey: String(row["vkey"] ?? ""),
          known: Number(row["known_size"]),
          attempts: Number(row["attempts"]),
          failing: row["failing"] === true,
          asked: row["asked"] === true,
        };
        const result = await this.#give(due, platform, asked).catch((error: unknown): Result => {
          this.#options.onProblem(error);
          return { problem: "It could not be sent from here", pauseSeconds: backOffSeconds(due.attempts) };
        });
        await this.#settle(due, result);
      }),
    );
    return rows.length;
  }

  async #give(
    due: Due,
    platform: PlatformCheckpoint | undefined,
    asked: Map<string, Promise<Cosigned>>,
  ): Promise<Result> {
    if (due.kind === "mail" || due.kind === "webhook") return this.#copy(due);
    if (platform === undefined) return { problem: null, pauseSeconds: 10 };
    return due.kind === "witness" ? this.#witness(due, platform, asked) : this.#stamp(due, platform);
  }

  async #witness(due: Due, platform: PlatformCheckpoint, asked: Map<string, Promise<Cosigned>>): Promise<Result> {
    const minutes = await this.#in(due, (tx) => policyValue(tx, "anchor.witnessMinutes"));
    const log: WitnessedLog = {
      note: platform.note,
      size: platform.size,
      consistency: (from) => platformConsistency(this.#kernel, from, platform.size),
    };
    const key = `${due.address}\n${due.vkey}`;
    const asking = asked.get(key) ?? askWitness(due, log, due.known, this.#options.outside ?? {});
    asked.set(key, asking);
    const answer = await asking;
    const holder = due.vkey.split("+", 1)[0] ?? due.name;
    const anchor = { kind: "witness", holder, size: platform.size, note: platform.note };
    if (answer.state === "failed") {
      const size = answer.size === undefined ? {} : { size: answer.size };
      return {
        ...size,
        problem: answer.problem,
        pauseSeconds: Math.min(minutes * 60, backOffSeconds(due.attempts)),
        ...(due.failing ? {} : { anchor }),
      };
    }
    for (const line of answer.lines)
      await this.#kernel.workerPool.query("select kernel.add_cosignature($1, $2, $3)", [
        platform.epoch,
        platform.size,
        line,
      ]);
    return {
      problem: null,
      size: platform.size,
      pauseSeconds: minutes * 60,
      // The same checkpoint again says only that the witness is still there.
      ...(due.known === platform.size && !due.failing && !due.asked
        ? {}
        : { anchor: { ...anchor, proof: answer.lines.join("") } }),
    };
  }

  async #copy(due: Due): Promise<Result> {
    const { door, keyring } = this.#kernel;
    const { url, post, outside = {} } = this.#options;
    const { hours, name, note, secrets } = await this.#in(due, async (tx) => ({
      hours: await policyValue(tx, "anchor.copyHours"),
      name: await workspaceName(tx),
      note: await newestNote(tx),
      secrets: due.kind === "webhook" ? await targetSecrets(tx, keyring, due.id) : [],
    }));
    if (note === undefined) return { problem: null, pauseSeconds: 10 };
    const { size } = parseCheckpoint(parseNote(note).text);
    const pauseSeconds = hours * 3_600;
    if (due.known === size && !due.failing && !due.asked) return { problem: null, pauseSeconds };
    const [cosigned] = await door.callFunction({
      sql: "select note from kernel.platform_checkpoint(true)",
      parameters: [],
    });
    const platform = typeof cosigned?.["note"] === "string" ? cosigned["note"] : null;
    const anchor = { kind: due.kind, holder: due.address, size, note };
    if (due.kind === "mail") {
      // No leaf of its own: the log would grow by each copy, and never be the same as the last one that was sent.
      const mail = checkpointMail({ workspace: name, url, note, platform });
      await this.#in(due, (tx) => post.queueIn(tx, mail, { address: due.address, userId: null }));
      return { problem: null, size, pauseSeconds, ...(this.#options.sendsMail ? { anchor } : {}) };
    }
    const data = { note, ...(platform === null ? {} : { platform }) };
    const body = JSON.stringify({ type: "ledger.checkpoint", timestamp: new Date().toISOString(), data });
    const id = createHash("sha256").update(`${due.id}\n${note}`).digest("hex");
    const receiver = {
      kind: "webhook",
      address: due.address,
      authority: null,
      secrets,
      client: null,
    } as const;
    const delivery = await sendWebhook(receiver, { id, body }, outside);
    if (delivery.state === "taken") return { problem: null, size, pauseSeconds, anchor };
    return {
      problem: delivery.problem,
      pauseSeconds: Math.min(pauseSeconds, backOffSeconds(due.attempts)),
      ...(due.failing ? {} : { anchor }),
    };
  }

  async #stamp(due: Due, platform: PlatformCheckpoint): Promise<Result> {
    const { stamp } = this.#options;
    if (stamp === undefined || due.known === platform.size) return { problem: null, pauseSeconds: stampSeconds };
    const digest = createHash("sha256").update(parseNote(platform.note).text).digest();
    const anchor = { kind: "rfc3161", holder: "The time-stamping authority", size: platform.size, note: platform.note };
    try {
      const { token, authority } = await stamp(digest);
      const proof = Buffer.from(token).toString("base64");
      const holder = authority.slice(0, 300) || anchor.holder;
      return { problem: null, size: platform.size, pauseSeconds: stampSeconds, anchor: { ...anchor, holder, proof } };
    } catch (error) {
      return {
        problem: error instanceof Error ? error.message : "The authority gave no time-stamp",
        pauseSeconds: Math.min(stampSeconds, backOffSeconds(due.attempts)),
        ...(due.failing ? {} : { anchor }),
      };
    }
  }

  async #settle(due: Due, result: Result): Promise<void> {
    const { token } = this.#kernel.system(due.tenantId);
    const anchor = result.anchor === undefined ? {} : { anchor: { id: uuidv7(), ...result.anchor } };
    await this.#kernel.door.callFunction({
      sql: "select kernel.settle_anchor($1, $2, $3, $4, $5)",
      parameters: [token, this.#holder, due.tenantId, due.id, JSON.stringify({ ...result, ...anchor })],
    });
  }

  #in<T>(due: Due, run: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#kernel.door.work(this.#kernel.system(due.tenantId), permission, run);
  }
}

/** The bound workspace's newest signed checkpoint. */
export async function newestNote(tx: Tx): Promise<string | undefined> {
  const row = await tx.first(
    query.selectFrom("kernel.ledger_log").select("note").where("tenant_id", "=", tx.who.tenantId),
  );
  return row?.note;
}

/** 10, 20, 40 … seconds, an hour at most. */
function backOffSeconds(attempts: number): number {
  return Math.min(3_600, 10 * 2 ** Math.min(attempts, 9));
}

import { randomUUID } from "node:crypto";
import type { Client } from "pg";
import { clientConfig, openClient, type DatabaseAddress } from "../database/pool.ts";
import type { RootKey } from "../vault/root-key.ts";
import { noteCluster } from "./cluster-leaf.ts";
import { checkKept, type KeptCheckpoint } from "./outside-check.ts";
import { platformLogId } from "./platform.ts";
import { checkHeads, haltOf, type Halt } from "./publish-check.ts";
import { resumeDeclared } from "./epoch.ts";
import { PublishStore, type Condition, type PublishedLog, type WitnessPlace } from "./publish-store.ts";
import { platformState, tick, type TickStep, type Turn } from "./publish-tick.ts";
import type { Signer } from "./signer.ts";

export type PublisherOptions = {
  readonly address: DatabaseAddress;
  readonly rootKey: RootKey;
  /** The host of the instance's public address; the first one a log is published under stays. */
  readonly host: string;
  readonly openSigner: () => Promise<Signer>;
  /** Whether the log's key lies beside the data, which is said. */
  readonly keyBesideData: boolean;
  /** Checkpoints kept elsewhere that can be asked for at the start: of witnesses, and put into a folder by who runs the server. */
  readonly keptOutside?: (host: string, witnesses: readonly WitnessPlace[]) => Promise<readonly KeptCheckpoint[]>;
  readonly pauseMs?: number;
  /** How much one tick takes up at most. */
  readonly leaves?: number;
  readonly logs?: number;
  readonly onProblem?: (error: unknown) => void;
  readonly step?: (name: TickStep) => void;
};

const beatMs = 5_000;
/** A tick that took up this share of what it may is followed by the next at once: pausing gathers only where little happens. */
const manyOfATick = 0.2;

/**
 * Publishes what the sequencer placed, again and again. Any number of servers may run one: a lock lets one at a time
 * through, and a number that rises with each holder refuses the writes of one that lost it without knowing.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #logs: number;
  readonly #holder = randomUUID();
  #client: Client | undefined;
  #turn: Turn | undefined;
  #signer: Signer | undefined;
  #loop: Promise<void> | undefined;
  #stopped = false;
  #wake: (() => void) | undefined;
  #failure: unknown;
  #beatAt = 0;
  #clusterChanged = false;
  #said = "";
  #under: Promise<unknown> = Promise.resolve();

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#logs = options.logs ?? 250;
  }

  /** The last round's error, or undefined when it went well. */
  get failure(): unknown {
    return this.#failure;
  }
  /** The logs that are not signed any further, while this publisher has its turn. */
  get halted(): readonly Halt[] {
    return [...(this.#turn?.halted.values() ?? [])];
  }

  /** Whether this publisher found the database on another cluster than the one before. */
  get clusterChanged(): boolean {
    return this.#clusterChanged;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    await this.#loop;
    await this.#release();
  }

  /**
   * One tick, with everything it needs first. Answers how many logs were published; 0 too while another publisher has its turn.
   * Whoever asks, this one's rounds follow each other: two at once would both append to the platform log.
   */
  round(): Promise<number> {
    const next = this.#under.then(() => this.#roundOnce());
    this.#under = next.catch(() => undefined);
    return next;
  }

  async #roundOnce(): Promise<number> {
    const turn = this.#turn ?? (await this.#begin());
    if (turn === undefined) return 0;
    try {
      if (
        turn.halted.size > 0 &&
        (await resumeDeclared(turn.store, turn.signer, turn.host, [...turn.halted.values()]))
      ) {
        // The logs go on under new names: everything is read anew.
        await this.#release();
        return await this.#roundOnce();
      }
      const published = await tick(turn, {
        leaves: this.#options.leaves ?? 200_000,
        logs: this.#logs,
      });
      await this.#say(turn);
      return published;
    } catch (error) {
      // Whatever went wrong, the next round begins by comparing database and signer again.
      await this.#release();
      throw error;
    }
  }

  /** Publishes everything that has its place now. */
  async drain(): Promise<void> {
    while ((await this.round()) > 0);
  }

  async #begin(): Promise<Turn | undefined> {
    const { address, rootKey, host, openSigner, step = () => undefined } = this.#options;
    this.#client ??= await openClient(clientConfig(address, rootKey.key, "probity_worker"));
    const store = new PublishStore(this.#client);
    const acquired = await store.acquire(this.#holder, host);
    if (acquired === undefined) return undefined;
    const { cluster, clusterBefore } = acquired;
    if (cluster !== null && clusterBefore !== null && cluster !== clusterBefore) {
      this.#clusterChanged = true;
      this.#options.onProblem?.(
        new Error(
          `The database lies on another cluster than before (${clusterBefore}, now ${cluster}); its log was compared`,
        ),
      );
      await noteCluster(store, clusterBefore, cluster);
    }
    try {
      this.#signer ??= await openSigner();
      const { publicKey, heads } = await this.#signer.heads();
      const [noted] = await store.call("select kernel.ledger_note_key($1, $2) as same", [publicKey]);
      if (noted?.["same"] !== true)
        throw new Error(
          "The signer holds another key than the one this log is signed with. Nothing was signed. Put the first key back from your safe copy.",
        );
      await store.call("select kernel.ledger_release($1)", []);
      const published = await store.published();
      const sizes = (logId: string) => headSize(store, logId);
      const kept = [...(await store.anchored()), ...(await this.#keptOutside(acquired.host, store))];
      const own = { host: acquired.host, publicKey };
      const halts = [
        ...(await checkHeads(store, acquired.host, published, sizes, heads)),
        ...(await checkKept(store, own, published, sizes, kept)),
      ].toSorted((a, b) => a.to - b.to);
      const turn: Turn = {
        store,
        signer: this.#signer,
        host: acquired.host,
        publicKey,
        signed: new Map(heads.map((head) => [head.origin, head])),
        halted: new Map(halts.map((halt) => [halt.logId, halt])),
        platform: platformState(published.find(({ logId }) => logId === platformLogId) ?? (await newPlatform(store))),
        step,
      };
      this.#said = "";
      this.#turn = turn;
      await this.#say(turn);
      return turn;
    } catch (error) {
      await store
        .noteCondition("signer_away", { reason: error instanceof Error ? error.message : String(error) })
        .catch(() => undefined);
      await this.#release();
      throw error;
    }
  }

  /** What those outside keep; who does not answer says nothing, and nobody is waited for. */
  async #keptOutside(host: string, store: PublishStore): Promise<readonly KeptCheckpoint[]> {
    const { keptOutside, onProblem } = this.#options;
    if (keptOutside === undefined) return [];
    return keptOutside(host, await store.witnesses()).catch((error: unknown) => {
      onProblem?.(error);
      return [];
    });
  }

  /** The condition when it changed, and the heartbeat in between. */
  async #say(turn: Turn): Promise<void> {
    const { store, halted } = turn;
    const beats = Date.now() - this.#beatAt >= beatMs;
    if (beats) await haltShrunk(turn);
    const halts = [...halted.values()];
    const condition: Condition = halts.some(({ reason }) => reason !== "damaged")
      ? "rolled_back"
      : halts.length > 0
        ? "damaged"
        : "publishing";
    const detail = {
      keyBesideData: this.#options.keyBesideData,
      clusterChanged: this.#clusterChanged,
      halted: halts,
    };
    const text = JSON.stringify([condition, detail]);
    if (text === this.#said && !beats) return;
    await (text === this.#said ? store.beat() : store.noteCondition(condition, detail));
    this.#said = text;
    this.#beatAt = Date.now();
  }

  /** Gives the turn up: with the connection goes the lock, with the signer's process its memory. */
  async #release(): Promise<void> {
    this.#turn = undefined;
    const client = this.#client;
    const signer = this.#signer;
    this.#client = undefined;
    this.#signer = undefined;
    await signer?.close().catch(() => undefined);
    await client?.end().catch(() => undefined);
  }

  async #run(): Promise<void> {
    const pauseMs = this.#options.pauseMs ?? 200;
    let failures = 0;
    while (!this.#stopped) {
      const began = Date.now();
      let more = false;
      try {
        more = (await this.round()) >= this.#logs * manyOfATick;
        this.#failure = undefined;
        failures = 0;
      } catch (error) {
        if (failures === 0) this.#options.onProblem?.(error);
        failures += 1;
        this.#failure = error;
      }
      // Ticks begin at even distances, so that a long one does not delay the next by itself.
      const wait =
        failures > 0
          ? Math.min(30_000, pauseMs * 2 ** failures)
          : more
            ? 0
            : Math.max(10, pauseMs - (Date.now() - began));
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#turn === undefined ? Math.max(wait, 1_000) : wait);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

/** Logs that lost leaves while the server ran are halted, whether or not they grow again. */
async function haltShrunk({ store, halted, signed }: Turn): Promise<void> {
  const gone = (await store.call("select log_id from kernel.ledger_shrunk($1)", [])).map((row) =>
    String(row["log_id"]),
  );
  const missing = gone.filter((logId) => !halted.has(logId));
  if (missing.length === 0) return;
  for (const log of await store.published()) {
    if (!missing.includes(log.logId) || log.origin === null) continue;
    const head = signed.get(log.origin) ?? {
      origin: log.origin,
      size: log.size,
      root: log.root?.toString("base64") ?? "",
    };
    halted.set(log.logId, haltOf(log, head, "rolled_back"));
  }
}

async function headSize(store: PublishStore, logId: string): Promise<number> {
  const [row] = await store.call("select kernel.ledger_head_size($1, $2) as size", [logId]);
  return Number(row?.["size"] ?? 0);
}

async function newPlatform(store: PublishStore): Promise<PublishedLog> {
  return {
    logId: platformLogId,
    origin: null,
    epoch: 1,
    size: 0,
    root: null,
    frontier: Buffer.alloc(0),
    head: await headSize(store, platformLogId),
  };
}

import type { Client } from "pg";
import type { KeptCheckpoint } from "./outside-check.ts";
import { platformLogId, type HeadPlace } from "./platform.ts";
import { hashesOf, type FullTile } from "./publish-tree.ts";

/** A log as it was published last. `origin` is null where it never was. */
export type PublishedLog = {
  readonly logId: string;
  readonly origin: string | null;
  readonly epoch: number;
  readonly size: number;
  readonly root: Buffer | null;
  readonly frontier: Buffer;
  /** How many leaves have their place. */
  readonly head: number;
};
/** One that has leaves which no checkpoint covers: their hashes, from `from` to `upto`. */
export type GrownLog = PublishedLog & { readonly from: number; readonly upto: number; readonly hashes: Buffer };

/** What a tick writes of one log. */
export type SignedLog = {
  readonly logId: string;
  readonly origin: string;
  readonly epoch: number;
  readonly size: number;
  readonly root: Buffer;
  readonly frontier: Buffer;
  readonly note: string;
  readonly platformIndex: number | null;
  readonly head: HeadPlace | null;
  readonly tiles: readonly FullTile[];
};

export type Condition = "never" | "publishing" | "rolled_back" | "signer_away" | "damaged";
export type Acquired = {
  readonly fence: string;
  readonly host: string;
  readonly cluster: string | null;
  readonly clusterBefore: string | null;
};

export type WitnessPlace = { readonly name: string; readonly address: string; readonly vkey: string };

type Row = Record<string, unknown>;

/** The publisher's way to the database: one connection that holds the lock, and the number of its turn in every write. */
export class PublishStore {
  readonly #client: Client;
  #fence = "0";

  constructor(client: Client) {
    this.#client = client;
  }

  /** Undefined while another publisher holds the lock. */
  async acquire(holder: string, host: string): Promise<Acquired | undefined> {
    const [row] = await this.#rows("select * from kernel.ledger_acquire($1, $2)", [holder, host]);
    if (row === undefined) return undefined;
    this.#fence = String(row["fence"]);
    return {
      fence: this.#fence,
      host: String(row["host"]),
      cluster: textOrNull(row["cluster"]),
      clusterBefore: textOrNull(row["cluster_before"]),
    };
  }

  async published(): Promise<PublishedLog[]> {
    return (await this.#rows("select * from kernel.ledger_published($1)", [this.#fence])).map(logOf);
  }

  async grown(most: { leaves: number; logs: number }, halted: readonly string[]): Promise<GrownLog[]> {
    const rows = await this.#rows("select * from kernel.ledger_grown($1, $2, $3, $4)", [
      this.#fence,
      most.leaves,
      most.logs,
      [...halted],
    ]);
    return rows.map((row) => ({
      ...logOf(row),
      from: Number(row["from_seq"]),
      upto: Number(row["upto"]),
      hashes: bytesOf(row["hashes"]),
    }));
  }

  async leafHashes(logId: string, from: number, to: number): Promise<Uint8Array[]> {
    const [row] = await this.#rows("select kernel.ledger_leaf_hashes($1, $2, $3) as hashes", [logId, from, to]);
    return hashesOf(bytesOf(row?.["hashes"]));
  }

  async tileRoots(logId: string, level: number, from: number, to: number): Promise<Uint8Array[]> {
    const [row] = await this.#rows("select kernel.ledger_tile_roots($1, $2, $3, $4) as roots", [
      logId,
      level,
      from,
      to,
    ]);
    return hashesOf(bytesOf(row?.["roots"]));
  }

  async appendPlatform(index: number, leaf: Buffer): Promise<void> {
    await this.#rows("select kernel.ledger_append_platform($1, $2, $3)", [this.#fence, index, leaf]);
  }

  async publish(logs: readonly SignedLog[]): Promise<void> {
    const tiles = logs.flatMap(({ logId, tiles: own }) => own.map((tile) => ({ logId, ...tile })));
    await this.#rows(
      "select kernel.ledger_publish($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
      [
        this.#fence,
        logs.map(({ logId }) => logId),
        logs.map(({ origin }) => origin),
        logs.map(({ epoch }) => epoch),
        logs.map(({ size }) => size),
        logs.map(({ root }) => root),
        logs.map(({ frontier }) => frontier),
        logs.map(({ note }) => note),
        logs.map(({ platformIndex }) => platformIndex),
        logs.map(({ head }) => head?.place ?? null),
        logs.map(({ head }) => head?.count ?? null),
        logs.map(({ head }) => head?.proof ?? null),
        tiles.map(({ logId }) => logId),
        tiles.map(({ level }) => level),
        tiles.map(({ index }) => index),
        tiles.map(({ hashes }) => hashes),
        tiles.map(({ root }) => Buffer.from(root)),
      ],
    );
  }

  /** The newest checkpoint of each log that was given outside, as it is remembered here. */
  async anchored(): Promise<KeptCheckpoint[]> {
    const rows = await this.#rows("select * from kernel.ledger_anchored($1)", [this.#fence]);
    return rows.map((row) => ({ holder: String(row["holder"]), note: String(row["note"]) }));
  }

  /** Who else may keep the platform's: the witnesses of every workspace. */
  async witnesses(): Promise<WitnessPlace[]> {
    const rows = await this.#rows("select * from kernel.ledger_witnesses($1)", [this.#fence]);
    return rows.map((row) => ({
      name: String(row["name"]),
      address: String(row["address"]),
      vkey: String(row["vkey"]),
    }));
  }

  async noteCondition(condition: Condition, detail: object): Promise<void> {
    await this.#rows("select kernel.ledger_note_condition($1, $2, $3)", [
      this.#fence,
      condition,
      JSON.stringify(detail),
    ]);
  }

  /** The heartbeat alone. */
  async beat(): Promise<void> {
    await this.#rows("select kernel.ledger_note_condition($1, null, null)", [this.#fence]);
  }

  async call(text: string, parameters: readonly unknown[]): Promise<Row[]> {
    return this.#rows(text, [this.#fence, ...parameters]);
  }

  async #rows(text: string, parameters: unknown[]): Promise<Row[]> {
    return (await this.#client.query<Row>({ text, values: parameters, name: nameOf(text) })).rows;
  }
}

/** A prepared statement's name: the function it calls. */
function nameOf(text: string): string {
  const name = /kernel\.\w+/.exec(text)?.[0] ?? "statement";
  return text.includes("null") ? `${name}_short` : name;
}

function logOf(row: Row): PublishedLog {
  return {
    logId: String(row["log_id"]),
    origin: textOrNull(row["origin"]),
    epoch: Number(row["epoch"]),
    size: Number(row["size"]),
    root: Buffer.isBuffer(row["root"]) ? row["root"] : null,
    frontier: bytesOf(row["frontier"]),
    head: Number(row["head"]),
  };
}

function bytesOf(value: unknown): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

export function isPlatform({ logId }: { readonly logId: string }): boolean {
  return logId === platformLogId;
}

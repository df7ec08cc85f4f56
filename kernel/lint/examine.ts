import type { Client, ClientConfig } from "pg";
import { openClient } from "../database/pool.ts";
import { judge, rules, type Finding, type RecordShape } from "./judge.ts";
import { judgeSettings, poolerOf, settingNames, type Remark } from "./setting.ts";

/** Everything the doctor can say of a database. */
export interface Examination {
  readonly version: string;
  readonly database: string;
  /** What the judge found; `judged` names the rules that were applied. */
  readonly findings: readonly Finding[];
  readonly judged: readonly string[];
  readonly remarks: readonly Remark[];
  /** Leaves that wait for their place, and how old the oldest is. */
  readonly ledger: { readonly waiting: number; readonly oldestMilliseconds: number };
}

const lagLimitMilliseconds = 10_000;
const poolerAttempts = 5;

/**
 * Examines a migrated database: isolation, settings, pooler, ledger. Reads only.
 * @param config the set-up role's way in.
 * @param options.shapes the declared records; without them columns are not compared.
 * @param options.serving whether a server should be emptying the ledger's inbox at this moment.
 */
export async function examine(
  config: ClientConfig,
  options: { readonly shapes?: readonly RecordShape[]; readonly serving: boolean },
): Promise<Examination> {
  const client = await openClient({ ...config, application_name: "probity doctor" });
  try {
    const migrated = await client.query<{ done: boolean }>(
      "select to_regclass('kernel.governed_table') is not null as done",
    );
    if (migrated.rows[0]?.done !== true) {
      throw new Error(
        `The database ${client.database ?? ""} holds no Probity schema yet. Nothing was changed. Run npx probity migrate, then the doctor again.`,
      );
    }
    const facts = await client.query<{ version: string; number: number; remote: boolean; tls: boolean; pid: number }>(
      `select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
         coalesce(not inet_server_addr() <<= any ('{127.0.0.0/8,::1/128}'::inet[]), false) as remote,
         coalesce((select s.ssl from pg_stat_ssl s where s.pid = pg_backend_pid()), false) as tls, pg_backend_pid() as pid`,
    );
    const fact = facts.rows[0];
    if (fact === undefined)
      throw new Error("PostgreSQL gave no answer about itself. Nothing was changed. Run the doctor again.");
    const settings = await client.query<{ name: string; setting: string }>(
      "select name, setting from pg_settings where name = any ($1)",
      [settingNames],
    );
    const lag = await client.query<{ waiting: string; oldest_ms: number }>(
      "select waiting, oldest_ms from kernel.ledger_lag()",
    );
    const ledger = {
      waiting: Number(lag.rows[0]?.waiting ?? 0),
      oldestMilliseconds: Math.round(lag.rows[0]?.oldest_ms ?? 0),
    };
    const remarks = judgeSettings({
      version: fact.number,
      settings: Object.fromEntries(settings.rows.map(({ name, setting }) => [name, setting])),
      overNetwork: fact.remote,
      tls: fact.tls,
    });
    remarks.push(...(await poolerRemarks(client, config, fact.pid)), ...ledgerRemarks(ledger, options.serving));
    return {
      version: fact.version,
      database: client.database ?? "",
      findings: await judge(client, options.shapes),
      judged: rules
        .filter(({ id }) => options.shapes !== undefined || id !== "column-field-mismatch")
        .map(({ id }) => id),
      remarks,
      ledger,
    };
  } finally {
    await client.end();
  }
}

/** A pooler in transaction mode hands one backend to several connections, and LISTEN, advisory locks and prepared names break. */
async function poolerRemarks(client: Client, config: ClientConfig, backendPid: number): Promise<Remark[]> {
  const second = await openClient({ ...config, application_name: "probity doctor" });
  let shared = false;
  try {
    for (let attempt = 0; attempt < poolerAttempts && !shared; attempt += 1) {
      shared = (await pidOf(client)) === (await pidOf(second));
    }
  } finally {
    await second.end();
  }
  // pg keeps what BackendKeyData announced and does not declare it.
  const announced: unknown = Reflect.get(client, "processID");
  const pooler = poolerOf({
    host: client.host,
    port: client.port,
    announcedPid: typeof announced === "number" ? announced : undefined,
    backendPid,
    shared,
  });
  if (pooler?.mode !== "transaction") return [];
  return [
    {
      id: "pooler",
      object: `${client.host}:${client.port}`,
      detail: `${pooler.name} in transaction mode: the worker's LISTEN and the sequencer's lock do not hold through it`,
      fix: "Set DATABASE_DIRECT_URL to PostgreSQL's own address.",
    },
  ];
}

async function pidOf(client: Client): Promise<number | undefined> {
  return (await client.query<{ pid: number }>("select pg_backend_pid() as pid")).rows[0]?.pid;
}

function ledgerRemarks(ledger: Examination["ledger"], serving: boolean): Remark[] {
  if (!serving || ledger.oldestMilliseconds <= lagLimitMilliseconds) return [];
  return [
    {
      id: "ledger-lag",
      object: "kernel.ledger_inbox",
      detail: `${ledger.waiting} events wait for their place, the oldest for ${Math.round(ledger.oldestMilliseconds / 1000)} s`,
      fix: "Look for a transaction that stays open in pg_stat_activity; it holds the ledger of the whole cluster.",
    },
  ];
}

/** The judge alone, over a connection of its own: what a server asks before it serves. */
export async function judgeDatabase(config: ClientConfig, shapes: readonly RecordShape[]): Promise<Finding[]> {
  const client = await openClient({ ...config, application_name: "probity judge" });
  try {
    return await judge(client, shapes);
  } finally {
    await client.end();
  }
}

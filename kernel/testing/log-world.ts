import { parseCheckpoint, parseNote } from "@probity/verify";
import type { TestPerson } from "./kernel.ts";
import { openTestLog, type TestLog } from "./log.ts";
import { asDoor } from "./record-suite.ts";
import { openTestServer, type TestServer } from "./server.ts";

/** Two workspaces whose logs are published, the first with two owners. The file that opened it closes server and log. */
export interface LogWorld {
  readonly server: TestServer;
  readonly log: TestLog;
  readonly acme: string;
  readonly rival: string;
  readonly ada: TestPerson;
  readonly bob: TestPerson;
  /** A statement in the database's own hands. */
  rows(text: string, values?: unknown[]): ReturnType<typeof asDoor>;
  /** So many events of a workspace. */
  act(tenant: string, count: number): Promise<unknown>;
  /** The newest checkpoint of a workspace's log, as it was signed and as it reads. */
  noteOf(tenant: string): Promise<string>;
  headOf(tenant: string): Promise<ReturnType<typeof parseCheckpoint>>;
}

export async function openLogWorld(): Promise<LogWorld> {
  const server = await openTestServer([]);
  const { kernel } = server;
  const acme = await kernel.foundWorkspace("acme");
  const rival = await kernel.foundWorkspace("rival");
  const ada = await server.member(acme, "owner");
  const bob = await server.member(acme, "owner");
  const rows = (text: string, values: unknown[] = []) => asDoor(server, text, values);
  const noteOf = async (tenant: string) => {
    const [row] = await rows("select note from kernel.ledger_log where tenant_id = $1", [tenant]);
    return String(row?.["note"]);
  };
  return {
    server,
    log: openTestLog(kernel),
    acme,
    rival,
    ada,
    bob,
    rows,
    act: (tenant, count) =>
      kernel.door.work(kernel.system(tenant), "kernel.probe", (tx) =>
        tx.recordAll(Array.from({ length: count }, (_, index) => ({ action: "kernel.test.act", fields: { index } }))),
      ),
    noteOf,
    headOf: async (tenant) => parseCheckpoint(parseNote(await noteOf(tenant)).text),
  };
}

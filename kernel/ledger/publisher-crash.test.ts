import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { leafHash, merkleRoot } from "@probity/verify";
import { compute } from "@probity/verify/node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestKernel, type TestKernel } from "../testing/kernel.ts";
import { openTestLog, type TestLog } from "../testing/log.ts";
import { asDoor, placeLeaves } from "../testing/record-suite.ts";
import { platformLogId } from "./platform.ts";

let kernel: TestKernel;
let log: TestLog;
let acme: string;
let rival: string;

beforeAll(async () => {
  kernel = await openTestKernel();
  acme = await kernel.foundWorkspace("acme");
  rival = await kernel.foundWorkspace("rival");
  log = openTestLog(kernel);
});
afterAll(async () => {
  await log?.close();
  await kernel?.close();
});

const childFile = join(import.meta.dirname, "../testing/log-child.ts");

async function act(tenant: string, count: number): Promise<void> {
  await kernel.door.work(kernel.system(tenant), "kernel.probe", (tx) =>
    tx.recordAll(Array.from({ length: count }, (_, index) => ({ action: "kernel.test.act", fields: { index } }))),
  );
}

/** Runs a publisher that ends at the named step; answers how it ended. */
async function publishUntil(endAt: string): Promise<string> {
  const { host, port, database } = kernel.address;
  const options = {
    address: { host, port, database },
    keyFile: join(log.folder, "log.key"),
    stateFolder: join(log.folder, "signer"),
    endAt,
  };
  const child = spawn(process.execPath, [childFile, JSON.stringify(options)], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ?? `${code} ${said}`));
  });
}

const hashesOf = async (text: string, values: unknown[] = []) =>
  (await asDoor({ kernel }, text, values)).map((row) =>
    compute(leafHash(Buffer.isBuffer(row["leaf"]) ? row["leaf"] : Buffer.alloc(0))),
  );

/** Every checkpoint the signer ever signed, beside the log as it is now: one that is no prefix of it would be a fork. */
async function everySignedIsPrefix(): Promise<number> {
  const logs = new Map<string, Uint8Array[]>();
  for (const tenant of [acme, rival])
    logs.set(
      `log.example/logs/${tenant}`,
      await hashesOf("select leaf from kernel.ledger_event where tenant_id = $1 order by seq", [tenant]),
    );
  logs.set("log.example/logs/platform", await hashesOf("select leaf from kernel.ledger_platform order by index"));
  let checked = 0;
  for (const line of readFileSync(join(log.folder, "signer/heads"), "utf8").trim().split("\n")) {
    const signed: { origin: string; size: number; root: string } = JSON.parse(line.slice(0, line.lastIndexOf(" ")));
    const leaves = logs.get(signed.origin);
    if (leaves === undefined) continue;
    expect(leaves.length).toBeGreaterThanOrEqual(signed.size);
    const root = Buffer.from(compute(merkleRoot(leaves.slice(0, signed.size)))).toString("base64");
    expect([signed.origin, signed.size, root]).toEqual([signed.origin, signed.size, signed.root]);
    checked += 1;
  }
  return checked;
}

test("LED-03 a publisher killed between any two steps leaves a log that goes on: no fork, no gap, nothing signed twice otherwise", async () => {
  await act(acme, 3);
  for (const step of ["sequenced", "grown", "computed", "platform", "signed", "published"]) {
    await act(acme, 130);
    await act(rival, 2);
    await placeLeaves({ kernel });
    expect([step, await publishUntil(step)]).toEqual([step, "SIGKILL"]);
  }
  await act(acme, 1);
  await log.publish();
  expect(log.publisher.halted).toEqual([]);
  expect(await everySignedIsPrefix()).toBeGreaterThanOrEqual(8);
  const behind = await asDoor(
    { kernel },
    `select 1 from kernel.ledger_head h join kernel.ledger_log l on l.tenant_id = h.tenant_id where h.size <> l.size
     union all select 1 from kernel.ledger_log l where l.tenant_id = $1 and l.size <> (select count(*) from kernel.ledger_platform)`,
    [platformLogId],
  );
  expect(behind).toEqual([]);
}, 240_000);

test("LED-03 of two publishers one has the turn, and one that lost it without knowing has its writes refused", async () => {
  const second = openTestLog(kernel, { folder: log.folder });
  expect(await log.publisher.round()).toBe(0);
  await act(acme, 2);
  await placeLeaves({ kernel });
  // The first holds the turn: the second does nothing.
  expect(await second.publisher.round()).toBe(0);
  // Somebody takes the turn over while the first believes it still has it: its number is no longer the one that counts.
  const admin = await asDoor({ kernel }, "select fence from kernel.ledger_publisher");
  const before = Number(admin[0]?.["fence"]);
  await asDoor({ kernel }, "update kernel.ledger_publisher set fence = fence + 1");
  await expect(log.publisher.round()).rejects.toMatchObject({ code: "PB409" });
  expect(await second.publisher.round()).toBeGreaterThan(0);
  expect(Number((await asDoor({ kernel }, "select fence from kernel.ledger_publisher"))[0]?.["fence"])).toBeGreaterThan(
    before + 1,
  );
  await second.publisher.stop();
  await act(acme, 2);
  await placeLeaves({ kernel });
  expect(await log.publisher.round()).toBeGreaterThan(0);
  await everySignedIsPrefix();
});

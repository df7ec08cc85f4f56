import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql, type RawBuilder } from "kysely";
import type { Job } from "@probity/kernel";
import { longestBlock } from "@probity/kernel/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { query } from "../query.ts";
import { ended, sendFile, workImports } from "../testing/import.ts";
import { openLab, received, resultOf, sampleOf, type LabWorld } from "../testing/world.ts";
import { takeFile } from "./import-take.ts";

let world: LabWorld;
beforeAll(async () => {
  world = await openLab();
});
afterAll(() => world?.server.close());

const total = async (q: string) => Number((await world.as.reader("GET", `/api/lab/samples?q=${q}`)).body["total"]);
const samplesFile = (lot: string, rows: number) =>
  `product,lot\n${Array.from({ length: rows }, (_, row) => `WFI,${lot}-${row}`).join("\n")}\n`;
async function started(kind: "samples" | "results", content: string): Promise<string> {
  const sent = await sendFile(world, `${kind}/import`, content);
  expect(sent.status).toBe(202);
  return sent.body.id;
}
/** Takes a file as its job does, as the technician who sent it; `report` sees how far it is. */
const take = (id: string, kind: "samples" | "results", report: Job["report"] = async () => undefined) =>
  takeFile(world.server.kernel, { credential: world.technician.session, subjectId: id, report }, kind);

describe("LAB a file is taken whole or not at all, whatever happens meanwhile", () => {
  test("broken off after hundreds of rows it leaves none, and taken up again it has each once", async () => {
    const id = await started("samples", samplesFile("broken", 700));
    const written: number[] = [];
    await expect(
      take(id, "samples", async (stage, done) => {
        if (stage === "writing") written.push(done);
        if (written.length === 2) throw new Error("the server was killed here");
      }),
    ).rejects.toThrow("killed");
    expect([written, await total("broken-")]).toEqual([[500, 700], 0]);
    await take(id, "samples");
    expect(await total("broken-")).toBe(700);
    // A job that is run once more does nothing more.
    await take(id, "samples");
    expect(await total("broken-")).toBe(700);
  });

  test("cancelled while rows are written, none stay; what is over is not cancelled", async () => {
    const id = await started("samples", samplesFile("gone", 600));
    let asked: number | undefined;
    await take(id, "samples", async (stage) => {
      if (stage === "writing" && asked === undefined)
        asked = (await world.as.technician("POST", `/api/lab/samples/import/${id}/cancel`)).status;
    });
    expect([asked, await total("gone-")]).toEqual([200, 0]);
    expect((await ended(world, "samples", id)).state).toBe("cancelled");
    const late = await world.as.technician("POST", `/api/lab/samples/import/${id}/cancel`);
    expect([late.status, late.body["code"]]).toEqual([409, "lab.import_over"]);
  });

  test("somebody saves one of its results meanwhile: the file is refused whole, and says so", async () => {
    const ids = await received(world, 2);
    const numbers = await Promise.all(ids.map(async (id) => (await sampleOf(world.as.reader, id)).number));
    const id = await started(
      "results",
      `sample,analyte,value\n${numbers.map((number) => `${number},pH,6.1`).join("\n")}\n`,
    );
    const second = await resultOf(world.as.reader, ids[1] ?? "", "ph");
    await world.as.admin("POST", "/api/lab/results/save", {
      body: { rows: [{ id: second.id, version: second.version, text: "6.9" }] },
    });
    const worker = await workImports(world);
    const file = await ended(world, "results", id);
    await worker.stop();
    expect([file.state, file.imported, file.errors?.[0]?.line]).toEqual(["refused", 0, 3]);
    const texts = await Promise.all(ids.map(async (each) => (await resultOf(world.as.reader, each, "ph")).text));
    expect(texts).toEqual([null, "6.9"]);
  });
});

describe("LAB a large file holds nobody up", () => {
  test("50,000 rows are read, looked at and told of in pieces: whoever asks meanwhile is answered", async () => {
    const rows = Array.from({ length: 50_000 }, (_, row) => `${row % 9 === 0 ? "NOPE" : "WFI"},L-${row},"a, ""b"""`);
    const content = new TextEncoder().encode(`product,lot,remark\n${rows.join("\n")}\n`);
    const answers: number[] = [];
    const asking = async () => {
      const looking = sendFile(world, "samples/import/preview", content, { report: "csv" });
      for (let over = false; !over;) {
        answers.push((await world.as.reader("GET", "/api/lab/samples/import")).status);
        const meanwhile = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 20));
        over = await Promise.race([looking.then(() => true), meanwhile]);
      }
      const sent = await looking;
      expect([sent.status, sent.body.total, sent.body.errorCount]).toEqual([200, 50_000, 5_556]);
    };
    const longest = await longestBlock(asking);
    expect(answers.filter((status) => status !== 200)).toEqual([]);
    // Of processor time. Read and looked at at a stretch, the same file takes several times as much.
    expect(longest).toBeLessThan(60);
  });
});

describe("LAB a large file is looked up by plans that know how many rows there are", () => {
  test("rows that nobody counted are counted before it is taken, by who takes files and by nobody else", async () => {
    const known = sql<{
      rows: number;
    }>`select reltuples::integer as rows from pg_class where oid = 'lab.sample'::regclass`;
    const counted = async () => {
      const [first] = await world.server.kernel.door.work(world.technician.session, "lab.sample.read", (tx) =>
        tx.all({ compile: () => known.compile(query) }),
      );
      return first?.rows ?? Number.NaN;
    };
    await take(await started("samples", samplesFile("counted", 501)), "samples");
    const first = await counted();
    await take(await started("samples", samplesFile("few", 3)), "samples");
    expect(await counted()).toBe(first);
    await take(await started("samples", samplesFile("again", 501)), "samples");
    expect(await counted()).toBeGreaterThanOrEqual(first + 501);
    const count = sql`select lab.count_rows()`;
    const asked = (permission: string) =>
      world.server.kernel.door.work(world.technician.session, permission, (tx) =>
        tx.all({ compile: () => count.compile(query) }),
      );
    await expect(asked("lab.sample.read")).rejects.toMatchObject({ code: "kernel.permission_missing" });
    await asked("lab.result.enter");
  });
});

describe("LAB a hostile upload", () => {
  test("one that breaks off is told, not broken; a file's name holds nothing that can't be seen or reorders it", async () => {
    const upload = async (path: string, body: string) => {
      const answer = await fetch(`${world.server.origin}/api/lab/${path}`, {
        method: "POST",
        headers: {
          cookie: `probity-session=${world.technician.session.token}`,
          "probity-workspace": world.workspace,
          "probity-request": "1",
          "content-type": "multipart/form-data; boundary=XX",
        },
        body,
      });
      return { status: answer.status, body: JSON.parse(await answer.text()) };
    };
    const part = (name: string) =>
      `--XX\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\nproduct,lot\nWFI,name-1\n`;
    for (const path of ["samples/import/preview", "samples/import"]) {
      const broken = await upload(path, part("a.csv"));
      expect([broken.status, broken.body.code]).toEqual([400, "http.request_not_understood"]);
    }
    const sent = await upload("samples/import", `${part("../../\u202Efdp.\u200Bcsv")}\r\n--XX--\r\n`);
    expect(sent.status).toBe(202);
    await take(sent.body.id, "samples");
    const kept = JSON.parse((await world.as.reader("GET", `/api/lab/samples/import/${sent.body.id}`)).text);
    expect([kept.fileName, kept.state]).toEqual(["fdp.csv", "done"]);
  });
});

describe("LAB rules of many rows in one statement", () => {
  test("one row that may not is enough: the statement is refused whole", async () => {
    const ids = await received(world, 3);
    const { door } = world.server.kernel;
    const results = await Promise.all(ids.map((id) => resultOf(world.as.reader, id, "ph")));
    const outcome = await door
      .work(world.technician.session, "lab.result.enter", async (tx) => {
        await tx.recordAll(
          results.map(({ id, version }) => ({
            action: "lab.result.enter",
            record: "lab.result",
            rowId: id,
            version: version + 1,
          })),
        );
        const wrong = sql`update lab.result set state = case when id = ${results[2]?.id} then 'verified' else 'entered' end,
          text = '6.5', number = 6.5, verdict = 'in' where id = any (${results.map((each) => each.id)}::uuid[])`;
        await tx.all({ compile: () => wrong.compile(query) });
      })
      .then(
        () => "done",
        (error: unknown) => (error instanceof Error ? error.message : error),
      );
    expect(outcome).not.toBe("done");
    const after = await Promise.all(ids.map((id) => resultOf(world.as.reader, id, "ph")));
    expect(after.map((each) => each.state)).toEqual(["open", "open", "open"]);
  });

  test("TEN-01 a statement that says to be another permission on the way brings no sample in as history", async () => {
    const [id = ""] = await received(world, 1);
    const copy = uuidv7();
    const insert = (permission: string, binding: RawBuilder<string>) =>
      world.server.kernel.door.work(world.admin.session, permission, async (tx) => {
        await tx.record({ action: permission, record: "lab.sample", rowId: copy, version: 1 });
        const row = sql`with said as materialized (select set_config('kernel.binding', ${binding}, true) as binding)
          insert into lab.sample (id, series, sequence, number, product_id, specification_version_id, priority, state, find)
          select ${copy}::uuid, s.series, 900000, ${copy}, s.product_id, s.specification_version_id, s.priority, 'registered', s.find
          from lab.sample s, said where s.id = ${id}::uuid and said.binding is not null
          returning brought_in`;
        return tx.all({ compile: () => row.compile(query) });
      });
    const own = sql<string>`current_setting('kernel.binding')`;
    const forged = sql<string>`replace(current_setting('kernel.binding'), 'lab.sample.register', 'lab.history.load')`;
    await expect(insert("lab.sample.register", forged)).rejects.toThrow();
    expect(await insert("lab.sample.register", own)).toEqual([{ brought_in: false }]);
  });

  test("a sampler's clock may be two minutes ahead and no more", async () => {
    const at = (ms: number) => new Date(Date.now() + ms).toISOString();
    const send = (sampledAt: string) =>
      world.as.technician("POST", "/api/lab/samples", { body: { samples: [{ productId: world.product, sampledAt }] } });
    expect((await send(at(60_000))).status).toBe(201);
    const ahead = await send(at(600_000));
    expect([ahead.status, ahead.body["code"]]).toEqual([422, "lab.sampled_later"]);
  });
});

import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { Places } from "../isolation/place.ts";
import { inspectUpload } from "./detect.ts";
import { ExtractionPool } from "./extract-pool.ts";
import { docxParts, packParts } from "./fixture/docx.ts";
import { longestBlock } from "../testing/longest-block.ts";
import { Judge } from "./judge.ts";
import { defaultFileLimits as limits } from "./limit.ts";

const pool = new ExtractionPool({ limits, ocr: false });
const folder = mkdtempSync(join(tmpdir(), "probity-judge-"));
afterAll(async () => {
  await pool.close();
  rmSync(folder, { recursive: true, force: true });
});

const sentence = "The owner shall review each complaint, and keep a record of it. ";
const worstText = Buffer.alloc(limits.maxBytes, `${sentence.repeat(20)}\n\n`);
/** Unpacks to nearly the limit, and is XML that is searched for a DOCTYPE. */
const worstDocument = packParts(
  docxParts([{ text: sentence }]).set(
    "word/comments.xml",
    Buffer.concat([
      Buffer.from("<x>"),
      ...Array.from({ length: 2_800 }, () => Buffer.concat([Buffer.alloc(65_000, sentence), randomBytes(500)])),
      Buffer.from("</x>"),
    ]),
  ),
);

describe("no file holds the server up", () => {
  test.each([
    ["the largest text", worstText, "a.txt"],
    ["a document that unpacks to the limit", worstDocument, "a.docx"],
  ])(
    "%s is judged beside the thread that serves requests",
    async (_, bytes, name) => {
      const { file, sha256 } = await pool.inspect(bytes, name, limits);
      expect([file.outcome, sha256]).toEqual(["accepted", createHash("sha256").update(bytes).digest("hex")]);
      // Without the thread it would be felt: the measure itself is shown to work.
      expect(await longestBlock(() => inspectUpload(bytes, name, limits))).toBeGreaterThan(100);
      expect(await longestBlock(() => pool.inspect(bytes, name, limits))).toBeLessThan(100);
    },
    120_000,
  );

  test("a long text is read, checked and sealed without a pause", async () => {
    const program = join(import.meta.dirname, "../testing/long-text-child.ts");
    const { stdout } = await promisify(execFile)(process.execPath, [program, folder]);
    expect(JSON.parse(stdout).milliseconds).toBeLessThan(60);
  }, 120_000);

  test("a file that takes too long or too much ends the thread, not the server, and the next one is judged", async () => {
    const hasty = new Judge({ ...limits, maxExtractionSeconds: 0.05 });
    await expect(hasty.inspect(worstDocument, "a.docx", limits)).rejects.toMatchObject({ code: "timed-out" });
    await hasty.close();
    expect((await pool.inspect(Buffer.from("%PDF-1.4"), "b.pdf", limits)).file).toMatchObject({
      outcome: "refused",
      code: "corrupt",
    });
  });
});

describe("visitors and members", () => {
  const place = () => new Places({ running: 2, waiting: 4, full: () => new Error("full") });
  const hold = (places: Places, order: string[], name: string, guest: boolean) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const held = places.hold({ guest }, async () => {
      order.push(name);
      await promise;
    });
    return { held, done: resolve };
  };

  test("APP-02 visitors never hold the last place, wait behind members and fill half the queue at most", async () => {
    const places = place();
    const order: string[] = [];
    const first = hold(places, order, "guest 1", true);
    const second = hold(places, order, "guest 2", true);
    const third = hold(places, order, "guest 3", true);
    await expect(places.hold({ guest: true }, async () => undefined)).rejects.toThrow("full");
    const member = hold(places, order, "member 1", false);
    const another = hold(places, order, "member 2", false);
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(["guest 1", "member 1"]);
    first.done();
    await first.held;
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(["guest 1", "member 1", "member 2"]);
    for (const each of [member, another, second, third]) each.done();
    await Promise.all([member, another, second, third].map((each) => each.held));
    expect(order).toEqual(["guest 1", "member 1", "member 2", "guest 2", "guest 3"]);
  });

  test("who goes leaves the queue", async () => {
    const places = place();
    const order: string[] = [];
    const first = hold(places, order, "guest 1", true);
    const gone = new AbortController();
    const waiting = places.hold({ guest: true, signal: gone.signal }, async () => undefined);
    gone.abort(new Error("the visitor has gone"));
    await expect(waiting).rejects.toThrow("gone");
    const next = hold(places, order, "guest 2", true);
    first.done();
    next.done();
    await next.held;
    expect(order).toEqual(["guest 1", "guest 2"]);
  });
});

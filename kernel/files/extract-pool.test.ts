import { expect, test } from "vitest";
import { ExtractionBusyError } from "./error.ts";
import { ExtractionPool } from "./extract-pool.ts";
import { makePdf, setText } from "./fixture/pdf.ts";
import { procedure } from "./fixture/prose.ts";
import { defaultFileLimits as limits } from "./limit.ts";

const sections = procedure(12);
const fourPages = makePdf(
  Array.from({ length: 4 }, (_each, page) => ({
    lines: sections
      .slice(page * 3, page * 3 + 3)
      .flatMap(({ heading, body }, index) => [
        { text: heading, y: 760 - index * 180, size: 14 },
        ...setText(body, 735 - index * 180),
      ]),
  })),
);
const input = { kind: "pdf", fileName: "a.pdf", bytes: fourPages } as const;

test("20 documents of 4 pages are read, each by a child of its own", async () => {
  const pool = new ExtractionPool({ limits, ocr: false });
  const documents = await Promise.all(Array.from({ length: 20 }, () => pool.extract(input)));
  await pool.close();
  expect(documents.every((document) => document.pageCount === 4)).toBe(true);
}, 120_000);

test("a document too many is turned away, one that fails frees its place, one given up leaves the queue", async () => {
  const pool = new ExtractionPool({ limits, ocr: false, concurrency: 1, queueLength: 2 });
  const broken = pool.extract({ kind: "pdf", fileName: "b.pdf", bytes: Buffer.from("%PDF-1.4") });
  const stop = new AbortController();
  const givenUp = pool.extract(input, { signal: stop.signal });
  const waiting = pool.extract(input);
  await expect(pool.extract(input)).rejects.toBeInstanceOf(ExtractionBusyError);
  stop.abort(new Error("left the page"));
  await expect(givenUp).rejects.toThrow("left the page");
  await expect(broken).rejects.toMatchObject({ code: "corrupt" });
  expect((await waiting).pageCount).toBe(4);
  await pool.close();
  await expect(pool.extract(input)).rejects.toThrow("closed");
});

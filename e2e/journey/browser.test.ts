import { once } from "node:events";
import { createServer } from "node:http";
import { afterAll, expect, test } from "vitest";
import { closeVisits, openBrowser, visit } from "./browser.ts";

const browser = await openBrowser();
const server = createServer((asked, answer) => answer.end(asked.headers.cookie ?? "nobody"));
afterAll(async () => {
  await closeVisits(browser);
  server.close();
});

test.skipIf(browser === null)(
  "two people in one browser are two: a page's calls carry the cookies of its own visit",
  async () => {
    if (browser === null) return;
    await once(server.listen(0, "127.0.0.1"), "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("There is no port");
    const url = `http://127.0.0.1:${address.port}/`;
    const seen = [];
    for (const name of ["ana", "ben"]) {
      const { page } = await visit(browser);
      await page.context().addCookies([{ name: "who", value: name, url }]);
      await page.goto(url);
      seen.push(page);
    }
    const told = seen.map((page) => page.evaluate(async () => (await fetch("/")).text()));
    expect(await Promise.all(told)).toEqual(["who=ana", "who=ben"]);
    // One of them leaves, and the browser stays.
    await seen[0]?.context().close();
    expect(browser.isConnected()).toBe(true);
  },
);

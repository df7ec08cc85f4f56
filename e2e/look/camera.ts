import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { settled } from "../journey/settled.ts";
import type { Stop } from "./stop.ts";
import type { World } from "./world.ts";

const standards = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const patienceMs = 60_000;
const fingerPx = 44;
const sizes: Readonly<Record<string, BrowserContextOptions>> = {
  wide: { viewport: { width: 1280, height: 800 } },
  // A phone and a tablet are touched: what is there for fingers alone is seen.
  narrow: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  bench: { viewport: { width: 820, height: 1180 }, hasTouch: true, isMobile: true },
};
/** A width and a scheme: `narrow-dark`. */
export const ways = Object.keys(sizes).flatMap((size) => [`${size}-light`, `${size}-dark`]);

/** One browser context for each pair of eyes and way: pages after the first find the scripts in its cache. */
export class Rooms {
  readonly #open = new Map<string, Promise<BrowserContext>>();
  readonly #browser: Browser;
  readonly #world: World;

  constructor(browser: Browser, world: World) {
    this.#browser = browser;
    this.#world = world;
  }

  async room(as: Stop["as"], way: string): Promise<BrowserContext> {
    const name = `${as ?? "nobody"} ${way}`;
    const found = this.#open.get(name) ?? this.#furnish(as, way);
    this.#open.set(name, found);
    return found;
  }

  async #furnish(as: Stop["as"], way: string): Promise<BrowserContext> {
    const [size = "wide", scheme] = way.split("-");
    const session = as === undefined ? undefined : this.#world.sessions[as];
    if (as !== undefined && session === undefined) throw new Error(`nobody is signed in as ${as}`);
    const context = await this.#browser.newContext({
      ...sizes[size],
      colorScheme: scheme === "dark" ? "dark" : "light",
      ...(session === undefined ? {} : { storageState: session }),
    });
    context.setDefaultTimeout(patienceMs);
    return context;
  }
}

export interface Film {
  readonly into: string;
  /** The whole page, however long it is. */
  readonly whole: boolean;
}

/** Takes one picture as `NAME-WAY.png` and says what a machine can object to. Never throws. */
export async function look(rooms: Rooms, world: World, stop: Stop, way: string, film: Film): Promise<string[]> {
  const faults: string[] = [];
  const name = `${stop.name}-${way}`;
  const page = await rooms
    .room(stop.as, way)
    .then((room) => room.newPage())
    .catch((error: unknown) => String(error));
  if (typeof page === "string") return [page];
  page.on("console", (message) => {
    const nobody = /status of 401/.test(message.text()) && message.location().url.endsWith("/api/session");
    const status = stop.broken === undefined ? stop.refused : 500;
    const expected = nobody || (status !== undefined && message.text().includes(`status of ${status}`));
    if (message.type() === "error" && !expected) faults.push(`${message.text()} ${message.location().url}`);
  });
  page.on("pageerror", (error) => faults.push(error.message));
  try {
    await provoke(page, stop);
    await page.goto(world.url + stop.path.replace("/WS/", `/${world.slug}/`));
    if (stop.slow === undefined) await settled(page, patienceMs);
    else {
      await page.getByRole("heading", { level: 1 }).first().waitFor();
      // What is loading shows itself after 300 ms.
      await page.waitForTimeout(800);
    }
    await stop.act?.(page);
    if (stop.slow === undefined && stop.act !== undefined) await settled(page, patienceMs);
    if (film.whole) await unroll(page);
    await page.screenshot({ path: join(film.into, `${name}.png`) });
    faults.push(...(await measured(page, way.startsWith("bench"))));
    const { violations } = await new AxeBuilder({ page }).withTags(standards).analyze();
    for (const { id, nodes } of violations) {
      faults.push(`axe ${id} ×${nodes.length}: ${nodes[0]?.html.slice(0, 160) ?? ""} | ${nodes[0]?.failureSummary}`);
    }
  } catch (error) {
    faults.push(error instanceof Error ? error.message.split("\n").slice(0, 2).join(" ") : String(error));
    await page.screenshot({ path: join(film.into, `${name}-failed.png`) }).catch(() => {});
  }
  await page.close();
  return faults;
}

/** A window as high as its page: a picture of the full page would forget that fingers point. */
async function unroll(page: Page): Promise<void> {
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width: page.viewportSize()?.width ?? 1280, height: Math.min(height, 8000) });
  await page.waitForTimeout(200);
}

async function provoke(page: Page, stop: Stop): Promise<void> {
  if (stop.slow !== undefined) await page.route(stop.slow, () => {});
  if (stop.broken !== undefined) await page.route(stop.broken, (route) => route.fulfill({ status: 500, body: "{}" }));
  if (stop.spoilt === undefined) return;
  const spoilt = { contentType: "application/pdf", body: "%PDF-1.7 and nothing more" };
  await page.route(stop.spoilt, (route) => route.fulfill(spoilt));
}

/** Sideways scrolling, and, where fingers work, what is too small for them. */
async function measured(page: Page, fingers: boolean): Promise<string[]> {
  // A phone zooms out until all is in: its own width says nothing of a page that is too wide.
  const width = page.viewportSize()?.width ?? 0;
  const sideways = await page.evaluate((wide) => document.documentElement.scrollWidth - wide, width);
  const faults = sideways > 1 ? [`scrolls sideways by ${sideways} px`] : [];
  if (!fingers) return faults;
  const small = await page.evaluate((least) => {
    const found: string[] = [];
    for (const each of document.querySelectorAll<HTMLElement>("button, select, input, summary, nav a, td a, li > a")) {
      // What is tapped is the label with its box, where there is one; words that run on within a sentence are spared.
      const target = each.closest("label") ?? each;
      const { width, height } = target.getBoundingClientRect();
      const hidden = width < 2 || height < 2 || getComputedStyle(each).visibility === "hidden";
      if (hidden || (height >= least - 0.5 && width >= Math.min(least, 24))) continue;
      found.push(
        `${(each.getAttribute("aria-label") ?? each.textContent ?? each.id).trim().slice(0, 30)} ${Math.round(width)}×${Math.round(height)}`,
      );
    }
    return found;
  }, fingerPx);
  if (small.length > 0) faults.push(`${small.length} too small to tap: ${small.slice(0, 8).join("; ")}`);
  return faults;
}

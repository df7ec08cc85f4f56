import { existsSync } from "node:fs";
import sparticuz from "@sparticuz/chromium";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const refusals = new WeakMap<Page, string[]>();

/** What a page was refused so far: calls with their status, and those that got no answer. */
export function refusalsOf(page: Page): readonly string[] {
  return refusals.get(page) ?? [];
}

/** Nothing of the browser's own goes out of the machine. */
const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];

/** As it comes, all pages are in one process, where their calls carry the first one's cookies: two people would be one. */
const inProcesses = sparticuz.args.filter((each) => each !== "--single-process");

/** What is missing after this long is missing; what a busy machine needs is no matter of these tests. */
const patienceMs = 60_000;

let opened: Promise<Browser | null> | undefined;

/**
 * One browser for all journeys, which run one after the other in one process; it ends with it. The machine's Chromium, else
 * the one that comes as a package; `null`, with the reason printed, where neither starts.
 */
export function openBrowser(): Promise<Browser | null> {
  return (opened ??= launch());
}

/** What a journey opened, and nothing of another's: each page is in a context of its own. */
export async function closeVisits(browser: Browser | null): Promise<void> {
  await Promise.all((browser?.contexts() ?? []).map((context) => context.close()));
}

async function launch(): Promise<Browser | null> {
  const reasons: string[] = [];
  const own = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const ways = [
    async () => {
      if (!existsSync(own)) throw new Error(`${own} is not there`);
      return chromium.launch({ executablePath: own, args: ["--no-sandbox", ...quiet] });
    },
    async () => chromium.launch({ executablePath: await sparticuz.executablePath(), args: [...inProcesses, ...quiet] }),
  ];
  for (const way of ways) {
    try {
      return await way();
    } catch (error) {
      reasons.push(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
    }
  }
  console.warn(`Journeys skipped, because no Chromium starts here: ${reasons.join("; ")}`);
  return null;
}

export interface Visit {
  page: Page;
  /** What the browser complained of: scripts, policy violations, refused resources. */
  faults: string[];
}

/** A page in a context of its own. Refused calls the journey provokes on purpose are named in `expected`. */
export async function visit(browser: Browser, options: BrowserContextOptions = {}, expected?: RegExp): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(patienceMs);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("console", (message) => {
    // Asking who is signed in is answered 401 when nobody is.
    const ordinary = message.location().url.endsWith("/api/session") && message.text().includes("401");
    // Pages opened quicker than a person does are told to wait, and wait: what they then show is looked at.
    const waits = message.text().includes("status of 429");
    const named = expected?.test(message.text()) ?? false;
    if (message.type() === "error" && !ordinary && !waits && !named)
      faults.push(`${message.text()} ${message.location().url}`);
  });
  const refused: string[] = [];
  refusals.set(page, refused);
  page.on("response", (answer) => {
    if (answer.status() >= 400) refused.push(`${answer.request().method()} ${answer.url()} ${answer.status()}`);
  });
  page.on("requestfailed", (asked) => refused.push(`${asked.url()} ${asked.failure()?.errorText ?? ""}`));
  page.on("pageerror", (error) => faults.push(error.message));
  return { page, faults };
}

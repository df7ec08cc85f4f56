import type { Browser } from "playwright-core";
import { afterEach } from "vitest";
import { refusalsOf } from "./browser.ts";

/** To be called in a journey's `describe`: where a step fails, every open page says where it stands and what it was refused. */
export function tellFailures(browser: Browser | null): void {
  afterEach(async ({ task }) => {
    if (task.result?.state !== "fail") return;
    for (const page of browser?.contexts().flatMap((context) => context.pages()) ?? []) {
      // oxlint-disable-next-line no-await-in-loop -- one page after the other, as they are read
      const shown = await page.locator("body").innerText({ timeout: 5_000 }).catch(String);
      console.error(`${task.name}\n${page.url()}\n${refusalsOf(page).join("\n")}\n${shown.slice(0, 4_000)}`);
    }
  });
}

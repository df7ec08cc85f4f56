import type { Page } from "playwright-core";

/** How long nothing may change before a page counts as settled; a call that is answered redraws something. */
const quietMs = 400;

/**
 * Waits until a page shows what it is going to show: its heading is there, nothing says that it is loading, and nothing has
 * been drawn for a moment. The network is no measure: a page that follows a running job keeps its stream open, and one
 * whose rate is used up waits before it asks again.
 */
export async function settled(page: Page, patienceMs = 150_000): Promise<void> {
  await page.getByRole("heading", { level: 1 }).first().waitFor({ timeout: patienceMs });
  await page.waitForFunction(
    (quiet) => {
      // Kept on the element itself: each page that is loaded anew has another one.
      const body = document.body;
      if (body.dataset.settledSince === undefined) {
        const note = () => (document.body.dataset.settledSince = String(performance.now()));
        note();
        new MutationObserver(note).observe(body, { childList: true, subtree: true, characterData: true });
      }
      const loading = document.querySelector('[data-loading], [aria-busy="true"], .mantine-Loader-root');
      return loading === null && performance.now() - Number(body.dataset.settledSince) > quiet;
    },
    quietMs,
    { polling: 100, timeout: patienceMs },
  );
}

import type { Page } from "playwright-core";

/** How long nothing may change before a page counts as settled; a call that is answered redraws something. */
const quietMs = 400;

/**
 * Waits until a page shows what it is going to show: its heading is there, nothing says that it is loading, and nothing has
 * been drawn for a moment. The network is no measure: a page that follows a running job keeps its stream open, and one
 * whose rate is used up waits before it asks again.
 */
export async function settled(page: Page): Promise<void> {
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  await page.waitForFunction(
    (quiet) => {
      const state: { settledSince?: { body: Node; at: number } } = globalThis;
      const body = document.body;
      if (state.settledSince?.body !== body) {
        const since = { body, at: performance.now() };
        state.settledSince = since;
        new MutationObserver(() => (since.at = performance.now())).observe(body, {
          childList: true,
          subtree: true,
          characterData: true,
        });
      }
      const loading = document.querySelector('[data-loading], [aria-busy="true"], .mantine-Loader-root');
      return loading === null && performance.now() - state.settledSince.at > quiet;
    },
    quietMs,
    { polling: 100, timeout: 30_000 },
  );
}

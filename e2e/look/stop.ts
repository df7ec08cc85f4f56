import type { Page } from "playwright-core";

/**
 * Whose eyes a page is looked at with; `reviewer` may sign, `guest` is a member who sees some documents and no collection,
 * `customer` is a contact of a customer, who was let in to see their own.
 */
export type Who = "owner" | "reviewer" | "guest" | "customer";

/** One thing to look at: an address, and what a person would do there before looking. */
export interface Stop {
  name: string;
  /** `/WS/` stands for the workspace of who signed in. */
  path: string;
  /** Absent: somebody without an account. */
  as?: Who;
  act?: (page: Page) => Promise<void>;
  /** Stands on a tablet beside the balance: looked at that size too, and what is tapped is at least 44 px. */
  bench?: true;
  /** Calls that never answer while the picture is taken. */
  slow?: string;
  /** The status that calls are refused with on the way to what is looked at. */
  refused?: number;
  /** Calls answered 500. */
  broken?: string;
  /** Calls answered with bytes that are no file of their kind. */
  spoilt?: string;
}

/** The first record of a list, opened. */
export async function opened(page: Page): Promise<void> {
  const before = await page.locator("main h1").first().textContent();
  await page.locator("main tbody a").first().click();
  await page.waitForFunction((list) => {
    const heading = document.querySelector("main h1");
    return heading !== null && heading.textContent !== list && heading.closest("[data-loading]") === null;
  }, before);
}

/** Presses the first button of that name that is not refused. */
export const press = (name: string | RegExp) => async (page: Page) => {
  await page.getByRole("button", { name, disabled: false }).first().click();
};

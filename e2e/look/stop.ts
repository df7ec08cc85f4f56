import type { Page } from "playwright-core";

/** One thing to look at: an address, and what a person would do there before looking. */
export interface Stop {
  name: string;
  /** `/WS/` stands for the workspace of who signed in. */
  path: string;
  signedIn?: boolean;
  act?: (page: Page) => Promise<void>;
  /** Calls that never answer while the picture is taken. */
  slow?: string;
  /** Calls answered 500. */
  broken?: string;
  /** Calls answered with bytes that are no file of their kind. */
  spoilt?: string;
}

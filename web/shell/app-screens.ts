import type { RouteComponent } from "@tanstack/react-router";
import type { IconName } from "./icon.tsx";
import type { ConfirmWords } from "./step-up-words.ts";

/** One line of the navigation. Lists of one group stand folded under its title; the daily ones have none. */
export interface AppList {
  title: string;
  path: (ws: string) => string;
  group?: "Quality" | "Set-up";
  icon?: IconName;
}

/** What an app hands the shell: its lists for the navigation and its screens by path below a workspace. */
export interface AppScreens {
  id: string;
  title: string;
  lists: readonly AppList[];
  /** Each screen is fetched when it is first opened. */
  screens: readonly { path: string; screen: RouteComponent; wide?: boolean }[];
  /** What people from outside see of it: where they begin, and the patterns of the screens that are theirs. */
  guest?: { home: (ws: string) => string; screens: readonly string[] };
  /** Where a record named by the ledger is shown, so that an event leads to what it is of. */
  recordPage?: (record: string, id: string, ws: string) => string | undefined;
  /** What its ledger actions and its jobs are, in words: `Document opened`, `Analysing`. */
  words: Readonly<Record<string, string>>;
  /** Its acts that ask for a fresh proof, as they stand after "You are about to". */
  confirms?: ConfirmWords;
  /** Records whose name holds the words, for the palette. */
  find: (words: string, ws: string) => Promise<{ title: string; kind: string; path: string }[]>;
}

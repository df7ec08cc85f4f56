import type { ReactNode } from "react";

/** What an app hands the shell: its lists for the navigation and its screens by path below a workspace. */
export interface AppScreens {
  id: string;
  title: string;
  lists: readonly { title: string; path: (ws: string) => string }[];
  screens: readonly { path: string; screen: () => ReactNode; wide?: boolean }[];
  /** Records whose name holds the words, for the palette. */
  find: (words: string, ws: string) => Promise<{ title: string; kind: string; path: string }[]>;
}

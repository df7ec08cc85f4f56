import { laboratory } from "../../apps/lab/ui/app.tsx";
import { regulatoryDocs } from "../../apps/regulatory-docs/ui/app.tsx";
import type { AppScreens } from "./app-screens.ts";

/** The list of apps that have screens. Their lists and words come with the shell, their screens when opened. */
export const apps: readonly AppScreens[] = [regulatoryDocs, laboratory];

import { regulatoryDocs } from "../../apps/regulatory-docs/ui/app.tsx";
import type { AppScreens } from "./app-screens.ts";

/** The list of apps that have screens. */
export const apps: readonly AppScreens[] = [regulatoryDocs];

import { queryFor } from "@probity/kernel";
import type { DB } from "./schema.generated.ts";

/** This app's tables. */
export const query = queryFor<DB>();

import type { AppScreens } from "@probity/web/shell/app-screens.ts";
import { read } from "@probity/web/shell/api.ts";
import type { Page } from "@probity/web/shell/api-types.ts";
import { CollectionPage } from "./collection.tsx";
import { Collections } from "./collections.tsx";
import { docsApi, docsPage, docsRoute } from "./path.ts";
import { RunPage } from "./run.tsx";
import type { Collection } from "./types.ts";

/** The screens of regulatory documents. */
export const regulatoryDocs: AppScreens = {
  id: "regulatory-docs",
  title: "Regulatory documents",
  lists: [{ title: "Collections", path: docsPage.collections }],
  screens: [
    { path: docsRoute.collections, screen: Collections },
    { path: docsRoute.collection, screen: CollectionPage },
    { path: docsRoute.run, screen: RunPage, wide: true },
  ],
  find: async (words, ws) => {
    const found = await read<Page<Collection>>(docsApi.collections({ q: words, limit: 8 }));
    return found.items.map((item) => ({
      title: item.name,
      kind: "collection",
      path: docsPage.collection(ws, item.id),
    }));
  },
};

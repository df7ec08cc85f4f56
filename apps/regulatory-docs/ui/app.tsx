import type { AppScreens } from "@probity/web/shell/app-screens.ts";
import { read } from "@probity/web/shell/api.ts";
import type { Page } from "@probity/web/shell/api-types.ts";
import { lazyRouteComponent } from "@tanstack/react-router";
import { docsApi, docsPage, docsRoute } from "./path.ts";
import type { Collection } from "./types.ts";
import { docsWords } from "./words.ts";

/** The screens of regulatory documents. */
export const regulatoryDocs: AppScreens = {
  id: "regulatory-docs",
  title: "Regulatory documents",
  lists: [{ title: "Collections", path: docsPage.collections }],
  screens: [
    { path: docsRoute.collections, screen: lazyRouteComponent(() => import("./collections.tsx"), "Collections") },
    { path: docsRoute.collection, screen: lazyRouteComponent(() => import("./collection.tsx"), "CollectionPage") },
    { path: docsRoute.document, screen: lazyRouteComponent(() => import("./document.tsx"), "DocumentPage") },
    { path: docsRoute.run, screen: lazyRouteComponent(() => import("./run.tsx"), "RunPage"), wide: true },
  ],
  words: docsWords,
  find: async (words, ws) => {
    const found = await read<Page<Collection>>(docsApi.collections({ q: words, limit: 8 }));
    return found.items.map((item) => ({
      title: item.name,
      kind: "collection",
      path: docsPage.collection(ws, item.id),
    }));
  },
};

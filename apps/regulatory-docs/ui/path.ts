import { apiPath, page } from "@probity/web/shell/path.ts";

const app = "regulatory-docs";

/** Route patterns of this app's screens; the tail equals the API path. */
export const docsRoute = {
  collections: "/w/$ws/regulatory-docs/collections",
  collection: "/w/$ws/regulatory-docs/collections/$id",
  document: "/w/$ws/regulatory-docs/documents/$id",
  run: "/w/$ws/regulatory-docs/runs/$id",
} as const;

/** Pages of this app. */
export const docsPage = {
  collections: (ws: string) => page.app(ws, `${app}/collections`),
  collection: (ws: string, id: string) => page.app(ws, `${app}/collections/${encodeURIComponent(id)}`),
  document: (ws: string, id: string) => page.app(ws, `${app}/documents/${encodeURIComponent(id)}`),
  run: (ws: string, id: string) => page.app(ws, `${app}/runs/${encodeURIComponent(id)}`),
};

/** API calls of this app. */
export const docsApi = {
  checkExample: () => "/api/check/example",
  collections: (
    values: {
      limit?: number;
      cursor?: string | undefined;
      q?: string | undefined;
      sort?: string | undefined;
      format?: "csv";
    } = {},
  ) => apiPath(app, ["collections"], values),
  collection: (id: string) => apiPath(app, ["collections", id]),
  collectionAway: (id: string, reason: string) => apiPath(app, ["collections", id], { reason }),
  history: (id: string) => apiPath(app, ["collections", id, "history"]),
  documents: (collection: string) => apiPath(app, ["documents"], { collection }),
  sharedDocuments: () => apiPath(app, ["shared-documents"]),
  document: (id: string) => apiPath(app, ["documents", id]),
  documentAway: (id: string, reason: string) => apiPath(app, ["documents", id], { reason }),
  upload: (collection: string, reason?: string) => apiPath(app, ["collections", collection, "documents"], { reason }),
  text: (id: string) => apiPath(app, ["documents", id, "text"]),
  download: (id: string) => apiPath(app, ["documents", id, "download"]),
  analyse: (collection: string) => apiPath(app, ["collections", collection, "analyse"]),
  runs: (collection: string) => apiPath(app, ["runs"], { collection }),
  run: (id: string) => apiPath(app, ["runs", id]),
  compare: (id: string, other: string) => apiPath(app, ["runs", id, "compare", other]),
  report: (id: string, format: "pdf" | "csv" | "json") => apiPath(app, ["runs", id, "report"], { format }),
  finding: (id: string, act: string) => apiPath(app, ["findings", id, act]),
};

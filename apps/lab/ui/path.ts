import { apiPath, page } from "@probity/web/shell/path.ts";

const app = "lab";

/** Route patterns of this app's screens; the tail equals the API path where there is one. */
export const labRoute = {
  bench: "/w/$ws/lab/bench",
  samples: "/w/$ws/lab/samples",
  sample: "/w/$ws/lab/samples/$id",
  worksheets: "/w/$ws/lab/worksheets",
  worksheet: "/w/$ws/lab/worksheets/$id",
  methods: "/w/$ws/lab/methods",
  imports: "/w/$ws/lab/import",
  places: "/w/$ws/lab/places",
} as const;

/** Pages of this app. */
export const labPage = {
  bench: (ws: string) => page.app(ws, `${app}/bench`),
  samples: (ws: string, query = "") => page.app(ws, `${app}/samples${query}`),
  sample: (ws: string, id: string) => page.app(ws, `${app}/samples/${encodeURIComponent(id)}`),
  worksheets: (ws: string) => page.app(ws, `${app}/worksheets`),
  worksheet: (ws: string, id: string) => page.app(ws, `${app}/worksheets/${encodeURIComponent(id)}`),
  methods: (ws: string) => page.app(ws, `${app}/methods`),
  places: (ws: string) => page.app(ws, `${app}/places`),
  imports: (ws: string, kind: "samples" | "results", file?: string) =>
    page.app(ws, `${app}/import?kind=${kind}${file === undefined ? "" : `&file=${file}`}`),
};

type Filters = Record<string, string | number | undefined>;

/** API calls of this app. */
export const labApi = {
  bench: () => apiPath(app, ["bench"]),
  may: () => apiPath(app, ["may"]),
  samples: (values: Filters = {}) => apiPath(app, ["samples"], values),
  sample: (id: string, act?: string) => apiPath(app, act === undefined ? ["samples", id] : ["samples", id, act]),
  lastSample: () => apiPath(app, ["samples", "last"]),
  receive: () => apiPath(app, ["samples", "receive"]),
  custody: () => apiPath(app, ["samples", "custody"]),
  places: () => apiPath(app, ["places"]),
  labels: (ids: readonly string[], format: "pdf" | "zpl") =>
    apiPath(app, ["samples", "labels"], { ids: ids.join(","), format }),
  save: () => apiPath(app, ["results", "save"]),
  retest: (id: string) => apiPath(app, ["results", id, "retest"]),
  story: (id: string) => apiPath(app, ["results", id, "story"]),
  worksheets: (values: Filters = {}) => apiPath(app, ["worksheets"], values),
  worksheet: (id: string, act?: string) =>
    apiPath(app, act === undefined ? ["worksheets", id] : ["worksheets", id, act]),
  takeOff: (id: string) => apiPath(app, ["worksheets", id, "rows", "take-off"]),
  verification: (id: string) => apiPath(app, ["verifications", id]),
  verifications: () => apiPath(app, ["verifications"]),
  verifySelected: (id: string) => apiPath(app, ["verifications", id, "verify"]),
  waiting: (method?: string) => apiPath(app, ["worksheets", "waiting"], { method }),
  products: () => apiPath(app, ["products"], { limit: 200, sort: "code" }),
  points: () => apiPath(app, ["sampling-points"], { limit: 200, sort: "code" }),
  methods: () => apiPath(app, ["methods", "current"]),
  specifications: (product?: string) => apiPath(app, ["specifications"], { product }),
  imports: (kind: "samples" | "results", ...tail: string[]) => apiPath(app, [kind, "import", ...tail]),
  importFiles: (kind: "samples" | "results", values: Filters) => apiPath(app, [kind, "import"], values),
  master: (path: "products" | "sampling-points", values: Filters) => apiPath(app, [path], values),
  methodFile: (q: string) => apiPath(app, ["methods", "current"], { q, format: "csv" }),
  limitFile: (q: string) => apiPath(app, ["specifications"], { q, format: "csv" }),
};

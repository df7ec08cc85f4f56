import { apiPath, page } from "@probity/web/shell/path.ts";

const app = "lab";
const one = (ws: string, kind: string, id: string) => page.app(ws, `${app}/${kind}/${encodeURIComponent(id)}`);

/** Route patterns of the overview, reviews, evidence and set-up. */
export const inspectRoute = {
  overview: "/w/$ws/lab/overview",
  reviews: "/w/$ws/lab/trail-reviews",
  review: "/w/$ws/lab/trail-reviews/$id",
  results: "/w/$ws/lab/results",
  evidence: "/w/$ws/lab/results/$id",
  family: "/w/$ws/lab/samples/$id/genealogy",
  method: "/w/$ws/lab/methods/$id",
  specification: "/w/$ws/lab/specifications/$id",
} as const;

export const inspectPage = {
  overview: (ws: string) => page.app(ws, `${app}/overview`),
  reviews: (ws: string) => page.app(ws, `${app}/trail-reviews`),
  review: (ws: string, id: string) => one(ws, "trail-reviews", id),
  results: (ws: string) => page.app(ws, `${app}/results`),
  evidence: (ws: string, id: string) => one(ws, "results", id),
  family: (ws: string, id: string) => `${one(ws, "samples", id)}/genealogy`,
  method: (ws: string, id: string) => one(ws, "methods", id),
  specification: (ws: string, id: string) => one(ws, "specifications", id),
  study: (ws: string, id: string) => one(ws, "studies", id),
  certificate: (ws: string, id: string) => one(ws, "certificates", id),
  charts: (ws: string) => page.app(ws, `${app}/charts`),
};

export const inspectApi = {
  overview: () => apiPath(app, ["overview"]),
  overviewCsv: () => apiPath(app, ["overview"], { format: "csv" }),
  reviews: (values: Record<string, string | undefined> = {}) => apiPath(app, ["trail-reviews"], values),
  review: (id: string, act?: string) =>
    apiPath(app, act === undefined ? ["trail-reviews", id] : ["trail-reviews", id, act]),
  reviewCsv: (id: string) => apiPath(app, ["trail-reviews", id], { format: "csv" }),
  evidence: (id: string) => apiPath(app, ["results", id, "evidence"]),
  family: (id: string) => apiPath(app, ["samples", id, "genealogy"]),
  record: (id: string, format: "json" | "csv" | "pdf") => apiPath(app, ["samples", id, "record"], { format }),
  results: (values: Record<string, string | number | undefined>) => apiPath(app, ["results"], values),
  list: (path: "worksheets" | "investigations" | "results", values: Record<string, string | undefined> = {}) =>
    apiPath(app, [path], { ...values, format: "csv" }),
  versions: (path: "methods" | "specifications", id: string) => apiPath(app, [path, id, "versions"]),
  decide: (noun: "method" | "specification", id: string) => apiPath(app, [`${noun}-versions`, id, "decide"]),
  versionsAhead: () => apiPath(app, ["versions", "ahead"]),
  tryMethod: () => apiPath(app, ["methods", "try"]),
  master: (path: "products" | "sampling-points" | "methods" | "specifications", id?: string) =>
    apiPath(app, id === undefined ? [path] : [path, id]),
  numbering: (series: string) => apiPath(app, ["numberings", series]),
  settings: () => apiPath(app, ["settings"]),
  numberings: () => apiPath(app, ["numberings"]),
};

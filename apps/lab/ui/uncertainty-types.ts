import { apiPath, page } from "@probity/web/shell/path.ts";

export type Distribution = "normal" | "rectangular" | "triangular" | "u-shaped";
export interface Component {
  name: string;
  type: "A" | "B";
  distribution: Distribution;
  value: number;
  relative: boolean;
  divisor: number;
  sensitivity: number;
  degrees: number | null;
}
export interface Budget {
  id: string;
  version: number;
  analyte: string;
  number: number;
  components: Component[];
  coverage: string;
  state: "proposed" | "approved" | "refused";
  reason: string;
  proposedBy: string | null;
  proposedById: string;
  proposedAt: string;
  decidedBy: string | null;
  decidedAt: string | null;
  decidedReason: string | null;
  methodVersionId: string;
  methodNumber: number;
  methodId: string;
  method: string;
  methodTitle: string;
  at: number;
  of: {
    standard: number;
    expanded: number;
    coverage: number;
    degrees: number | null;
    coverageOf95: number;
    shares: { name: string; standard: number; share: number }[];
  };
}
export interface Budgets {
  items: Budget[];
  you: string;
  may: string[];
}
export interface Stated {
  resultId: string;
  value: string;
  expanded: string;
  unit: string;
  coverage: string;
  number: number;
}

export const uncertaintyRoute = "/w/$ws/lab/uncertainty";
export const uncertaintyPage = (ws: string) => page.app(ws, "lab/uncertainty");
export const uncertaintyApi = {
  list: (at: string) =>
    apiPath("lab", ["uncertainty-budgets"], { at: Number.isFinite(Number(at)) && at !== "" ? at : undefined }),
  csv: (at: string) =>
    apiPath("lab", ["uncertainty-budgets"], {
      at: Number.isFinite(Number(at)) && at !== "" ? at : undefined,
      format: "csv",
    }),
  make: () => apiPath("lab", ["uncertainty-budgets"]),
  decide: (id: string) => apiPath("lab", ["uncertainty-budgets", id, "decide"]),
  stated: (ids: readonly string[]) => apiPath("lab", ["results", "uncertainty"], { ids: ids.join(",") }),
};

import { apiPath, page } from "@probity/web/shell/path.ts";

export interface TrendSeries {
  product: string;
  productCode: string;
  productName: string;
  method: string;
  methodCode: string;
  analyte: string;
  name: string;
  unit: string;
  values: number;
  points: string[];
}
export type Hint = "apart" | "side" | "drift";
export interface TrendPoint {
  id: string;
  sampleId: string;
  sample: string;
  instant: string;
  point: string | null;
  lot: string | null;
  by: string | null;
  text: string;
  value: number;
  censored: "below" | "above" | null;
  verdict: string | null;
  counted: boolean;
  low: string | null;
  high: string | null;
  hints: Hint[];
}
export interface Trend {
  product: string;
  method: string;
  methodTitle: string;
  name: string;
  unit: string;
  decimals: number | null;
  points: TrendPoint[];
  limits: { low: string | null; high: string | null };
  limitsChanged: boolean;
  rules: { number: number; deviations: number; side: number; drift: number; least: number };
  capability: {
    n: number;
    censored: number;
    mean: number | null;
    deviation: number | null;
    within: number | null;
    indices: { name: string; value: number; low: number | null; high: number | null }[];
    words: string | null;
  };
}

export const hintWords: Readonly<Record<Hint, string>> = {
  apart: "far from those before",
  side: "too many on one side",
  drift: "rises or falls too long",
};

export const trendRoute = "/w/$ws/lab/trends";
export const trendPage = (ws: string) => page.app(ws, "lab/trends");
export const trendApi = {
  series: () => apiPath("lab", ["trends", "series"]),
  values: (filters: Record<string, string | undefined>) => apiPath("lab", ["trends"], filters),
};

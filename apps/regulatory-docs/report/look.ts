import type { FindingStatus } from "./input.ts";

/** Ink and paper of the printed report: the product's light tokens, on white. */
export const ink = {
  text: "#1C1B18",
  muted: "#5B574E",
  accent: "#1F4E79",
  edge: "#857F72",
  hairline: "#DAD6CB",
  sunken: "#F6F4EF",
  quoteMark: "#E8C24A",
  paper: "#FFFFFF",
} as const;

export type StatusShape = "disc" | "half" | "triangle" | "ring";

export interface StatusLook {
  status: FindingStatus;
  /** The word always printed beside the shape: colour never carries the meaning alone. */
  word: string;
  shape: StatusShape;
  ink: string;
  tint: string;
  /** What the status means, for the key on the first page. */
  meaning: string;
}

/** In reading order, best first. */
export const statusLooks: readonly StatusLook[] = [
  {
    status: "covered",
    word: "covered",
    shape: "disc",
    ink: "#1E6B3A",
    tint: "#E5F2E8",
    meaning: "the passages found carry it",
  },
  {
    status: "partial",
    word: "partial",
    shape: "half",
    ink: "#7A5200",
    tint: "#FBF0D3",
    meaning: "the passages found carry part of it",
  },
  {
    status: "gap",
    word: "gap",
    shape: "triangle",
    ink: "#A3261B",
    tint: "#FBE7E3",
    meaning: "nothing was found that carries it",
  },
  {
    status: "not-assessable",
    word: "not assessable",
    shape: "ring",
    ink: "#575C66",
    tint: "#ECEDEF",
    meaning: "documents alone cannot show it",
  },
];

const looksByStatus = new Map(statusLooks.map((look) => [look.status, look]));

/** The word, shape and colours of a status. */
export function lookOf(status: FindingStatus): StatusLook {
  const look = looksByStatus.get(status);
  if (look === undefined) throw new Error(`No look is defined for status ${status}.`);
  return look;
}

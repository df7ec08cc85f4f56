import { tone } from "@probity/paper";
import type { StatusShape } from "@probity/paper";
import type { FindingStatus } from "./input.ts";

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
    ...tone.good,
    meaning: "the passages found carry it",
  },
  {
    status: "partial",
    word: "partial",
    shape: "half",
    ...tone.warning,
    meaning: "the passages found carry part of it",
  },
  {
    status: "gap",
    word: "gap",
    shape: "triangle",
    ...tone.bad,
    meaning: "nothing was found that carries it",
  },
  {
    status: "not-assessable",
    word: "not assessable",
    shape: "ring",
    ...tone.neutral,
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

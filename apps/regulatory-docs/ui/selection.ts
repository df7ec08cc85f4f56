import { type Filter, filterOf } from "./matrix-model.ts";

/** What is open on a gap result. It lives in the address, so that a link shows the same thing. */
export interface Selection {
  f?: Filter;
  /** Words typed above the matrix. */
  q?: string;
  req?: string;
  /** Evidence number, from 1. */
  ev?: number;
  /** Withdrawn citation, from 1; takes the viewer over. */
  wd?: number;
  /** A document opened as a whole; takes the viewer over too. */
  doc?: string;
  /** The pane a narrow screen shows. */
  pane?: "list" | "detail" | "viewer";
  as?: "text" | "page";
  show?: "map" | "matrix";
  /** Run compared with. */
  vs?: string;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined;
}

function whole(value: unknown): number | undefined {
  const number = Number(value);
  return Number.isInteger(number) && number > 0 ? number : undefined;
}

/** Reads the query of the address; what it does not know is left out. */
export function selectionOf(search: Record<string, unknown>): Selection {
  const selection: Selection = {};
  const filter = filterOf(search.f);
  if (filter !== "all") selection.f = filter;
  const [q, req, vs, doc] = [text(search.q), text(search.req), text(search.vs), text(search.doc)];
  const [ev, wd] = [whole(search.ev), whole(search.wd)];
  if (q !== undefined) selection.q = q;
  if (req !== undefined) selection.req = req;
  if (vs !== undefined) selection.vs = vs;
  if (ev !== undefined) selection.ev = ev;
  if (wd !== undefined) selection.wd = wd;
  if (doc !== undefined) selection.doc = doc;
  if (search.pane === "detail" || search.pane === "viewer") selection.pane = search.pane;
  if (search.as === "page") selection.as = "page";
  if (search.show === "map") selection.show = "map";
  return selection;
}

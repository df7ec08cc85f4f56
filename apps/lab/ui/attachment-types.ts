import { apiPath } from "@probity/web/shell/path.ts";

const app = "lab";
export type Place = "samples" | "results" | "investigations" | "instrument-events";

/** One file beside a record, as the API tells it. */
export interface Attachment {
  id: string;
  name: string;
  kind: "png" | "jpeg" | "pdf" | "csv" | "txt";
  bytes: number;
  sha256: string;
  note: string | null;
  at: string;
  by: string | null;
  broughtIn: boolean;
  place: Place;
  ofId: string;
  of: string;
  struckReason: string | null;
  struckAt: string | null;
  struckBy: string | null;
  /** Beside a blinded sample: it opens when the blind is opened. */
  covered: boolean;
  leaf: number | null;
}

export type Filter = { sample?: string; result?: string; investigation?: string; instrument?: string };

export const attachmentApi = {
  list: (filter: Filter) => apiPath(app, ["attachments"], filter),
  open: (id: string) => apiPath(app, ["attachments", id, "open"]),
  add: (place: Place, id: string, note?: string) => apiPath(app, [place, id, "attachments"], { note }),
  strike: (place: Place, id: string, attachment: string) =>
    apiPath(app, [place, id, "attachments", attachment, "strike"]),
};

/** What each place asks of whoever adds and strikes out, and who that is in words. */
export const writers: Readonly<Record<Place, readonly [permission: string, who: string]>> = {
  samples: ["lab.result.enter", "technicians"],
  results: ["lab.result.enter", "technicians"],
  investigations: ["lab.investigation.change", "technicians and reviewers"],
  "instrument-events": ["lab.instrument.hold", "technicians and reviewers"],
};

/** `31744` → `31 KB`. */
export function sayBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

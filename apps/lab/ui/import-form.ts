import type { Preview } from "./types.ts";

export type Kind = "samples" | "results";
export type Mapping = Preview["mapping"];
/** What is sent with a file: how it is read, and under which name that is remembered. */
export type Reading = { mapping?: Mapping; source?: string };

/** A file as the server wants it. Fields come before the file: it reads them in this order. */
export function formOf(file: File, { mapping, source }: Reading, more: Record<string, string> = {}): FormData {
  const form = new FormData();
  if (mapping !== undefined) form.append("mapping", JSON.stringify(mapping));
  if (source !== undefined && source.trim() !== "") form.append("source", source.trim());
  for (const [name, value] of Object.entries(more)) form.append(name, value);
  form.append("file", file, file.name);
  return form;
}

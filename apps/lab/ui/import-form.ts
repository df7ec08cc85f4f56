import type { ImportTold, Preview } from "./types.ts";

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

/** What a file of results holds, in a sentence; nothing where all of it is samples. */
export function sayTold(told: ImportTold | null): string | null {
  if (told === null) return null;
  const many = (count: number, one: string) =>
    count === 0 ? [] : [`${count.toLocaleString("en-GB")} ${one}${count === 1 ? "" : "s"}`];
  const own = [...many(told.blank, "blank"), ...many(told.control, "control"), ...many(told.duplicate, "duplicate")];
  const rows = [`${told.sample.toLocaleString("en-GB")} of samples`, ...own].join(", ");
  const interim = told.interim === 0 ? "" : ` Of these ${told.interim.toLocaleString("en-GB")} are interim values.`;
  const skipped = [
    ...(told.standards === 0 ? [] : [`${told.standards.toLocaleString("en-GB")} of standards and rinses`]),
    ...(told.same === 0 ? [] : [`${told.same.toLocaleString("en-GB")} that stand so already`]),
  ];
  if (own.length === 0 && interim === "" && skipped.length === 0) return null;
  return `Rows: ${rows}.${interim}${skipped.length === 0 ? "" : ` Skipped: ${skipped.join(", ")}.`}`;
}

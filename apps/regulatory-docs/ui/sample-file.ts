/** The sample quality system's own sources, one release of each document. */
const sources = import.meta.glob<string>("../sample-data/source/*.md", {
  query: "?raw",
  import: "default",
  eager: true,
});

/** The sample procedures as files, for a visitor who has none at hand. They take the same way as anybody's. */
export function sampleFiles(): File[] {
  return Object.entries(sources)
    .filter(([path]) => !path.endsWith("rev-4.md"))
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([path, source]) => asFile(path, source));
}

/** The fields before the text become its heading, as they stand on a printed procedure. */
function asFile(path: string, source: string): File {
  const [, fields = "", body = source] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(source) ?? [];
  const field = (name: string) => new RegExp(`^${name}: *(.+)$`, "m").exec(fields)?.[1] ?? "";
  const title = `${field("number")} ${field("title")}`.trim();
  const name = title === "" ? (path.split("/").at(-1) ?? path) : `${title}.md`;
  const text = `Brackwater Medical Ltd\n\n${title}, revision ${field("revision")}, effective ${field("effective")}\n\n${body}`;
  return new File([text], name, { type: "text/markdown" });
}

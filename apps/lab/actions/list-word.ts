import { Type } from "typebox";

/** Words a list is narrowed by, and the form it leaves in. */
export const listed = {
  q: Type.Optional(Type.String({ maxLength: 200 })),
  format: Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("csv")])),
};

/** Every word stands somewhere in what a line says of itself. For lists whose lines are worked out, not read. */
export function hasWords(q: string | undefined, ...said: readonly (string | number | null | undefined)[]): boolean {
  const text = said.join(" ").toLowerCase();
  return (q ?? "")
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

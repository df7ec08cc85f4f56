/** The closed set of states the interface can show; each has a colour, a shape and a word. */
export type Tone = "covered" | "partial" | "gap" | "none" | "planned" | "sealed";

/** CSS colours of a tone: text on tint. */
export function toneColour(tone: Tone): { ink: string; tint: string } {
  const name = tone === "planned" ? "none" : tone;
  return { ink: `var(--p-${name})`, tint: `var(--p-${name}-tint)` };
}

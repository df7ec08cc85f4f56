import { tone } from "@probity/paper";
import type { StatusShape } from "@probity/paper";
import type { Verdict } from "../calc/value.ts";

/** Shape and colours of a verdict in print. */
export const verdictLooks: Readonly<Record<Verdict, { shape: StatusShape; ink: string; tint: string }>> = {
  in: { shape: "disc", ...tone.good },
  warn: { shape: "half", ...tone.warning },
  conditional: { shape: "half", ...tone.warning },
  out: { shape: "triangle", ...tone.bad },
  unclear: { shape: "ring", ...tone.neutral },
  none: { shape: "ring", ...tone.neutral },
};

/** A number as the template writes decimals. Texts that are no numbers stay as they are. */
export function decimals(text: string, mark: "." | ","): string {
  return mark === "," ? text.replaceAll(/(\d)\.(\d)/g, "$1,$2") : text;
}

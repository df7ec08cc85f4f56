/** Ink and paper of print: the product's light tokens, on white. */
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

/** Text and tint of the product's status tones. A shape and a word always stand beside them. */
export const tone = {
  good: { ink: "#1E6B3A", tint: "#E5F2E8" },
  warning: { ink: "#7A5200", tint: "#FBF0D3" },
  bad: { ink: "#A3261B", tint: "#FBE7E3" },
  neutral: { ink: "#575C66", tint: "#ECEDEF" },
  sealed: { ink: "#5A3E8C", tint: "#EEE9F7" },
} as const;

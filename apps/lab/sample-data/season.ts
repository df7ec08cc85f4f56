// What the year does to the values: water is warmer and livelier in summer, and a few things went wrong, as they do.

/** Something that went wrong at one place for some days: what it did to a value, and what was found. */
export type Story = {
  readonly product: string;
  /** Of a sampling point, or of whole lots. */
  readonly point: string | null;
  readonly analyte: string;
  readonly fromBack: number;
  readonly toBack: number;
  /** How far the value is from its usual mean at its worst, as a multiple of it; it builds up and is then put right. */
  readonly factor: number;
  readonly investigation?: {
    readonly cause: "laboratory-error" | "none-found";
    readonly causeText: string;
    readonly scope: string;
    readonly conclusion: "laboratory-error" | "confirmed";
    readonly conclusionText: string;
    readonly capa: string;
  };
};

export const stories: readonly Story[] = [
  {
    product: "WFI",
    point: "WFI-04",
    analyte: "tamc",
    fromBack: 296,
    toBack: 282,
    factor: 17,
    investigation: {
      cause: "none-found",
      causeText:
        "Filtration, media and incubation in order; the field blank is clean and a second membrane of the same sample agrees.",
      scope: "Filling line 1 and its branch. The loop return and the neighbouring points are as usual on the same days.",
      conclusion: "confirmed",
      conclusionText:
        "The diaphragm of the valve at the point of use was cracked and held water behind it. Replaced, the branch steamed, ten working days watched.",
      capa: "CAPA-014",
    },
  },
  {
    product: "PW",
    point: "PW-01",
    analyte: "conductivity",
    fromBack: 214,
    toBack: 203,
    factor: 1.75,
    investigation: {
      cause: "none-found",
      causeText: "Cell, compensation and standard in order; a second bottle of the same draw agrees.",
      scope: "The EDI module and its feed; points further down the loop stay below their warning limit.",
      conclusion: "confirmed",
      conclusionText: "One stack of the EDI was exhausted. Replaced, the loop rinsed, five working days watched.",
      capa: "CAPA-017",
    },
  },
  {
    product: "PCM-SYR",
    point: null,
    analyte: "assay",
    fromBack: 168,
    toBack: 139,
    factor: 0.946,
    investigation: {
      cause: "laboratory-error",
      causeText:
        "The working standard was opened five weeks before and had drawn water; its peak was four per cent too large against a fresh one.",
      scope: "Every assay against the same vial since it was opened; retained samples of four lots.",
      conclusion: "laboratory-error",
      conclusionText:
        "The first value is the standard's, not the product's. Repeated against a fresh standard by another analyst, the lot is within its limits.",
      capa: "CAPA-021",
    },
  },
  {
    product: "PW",
    point: "PW-02",
    analyte: "toc",
    fromBack: 96,
    toBack: 88,
    factor: 2.1,
    investigation: {
      cause: "none-found",
      causeText: "Blank and both controls of the run in order; a second vial of the same bottle agrees.",
      scope: "The loop return only. The ozone generator ran at half its output for nine nights.",
      conclusion: "confirmed",
      conclusionText: "The generator's transformer was failing. Repaired; the loop was ozonised for a night, three clean days.",
      capa: "CAPA-029",
    },
  },
  {
    product: "WFI",
    point: "WFI-05",
    analyte: "endotoxin",
    fromBack: 61,
    toBack: 58,
    factor: 38,
    investigation: {
      cause: "none-found",
      causeText: "Reagents, spike recovery and glassware in order; a repeat from the same vessel agrees.",
      scope: "Filling line 2 stood for nine days before the first sample; all other points are as usual.",
      conclusion: "confirmed",
      conclusionText: "The hose was left wet while the line stood. Flushed and steamed, three clean days before use.",
      capa: "CAPA-033",
    },
  },
];

/** How much a mean is moved on a day: by the time of the year for what lives or is dissolved, by a story at its place. */
export function seasonOf(product: string, point: string | null, analyte: string, at: Date, back: number): number {
  const day = (Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()) - Date.UTC(at.getUTCFullYear(), 0, 1)) / 86_400_000;
  // Warmest at the end of July.
  const warmth = Math.cos(((day - 208) / 365) * 2 * Math.PI);
  const swing = { tamc: 0.55, settle: 0.35, toc: 0.18, endotoxin: 0.25, conductivity: 0.07 }[analyte] ?? 0;
  const story = storyOf(product, point, analyte, back);
  if (story === undefined) return 1 + swing * warmth;
  const through = (story.fromBack - back) / (story.fromBack - story.toBack);
  return 1 + (story.factor - 1) * Math.sin(Math.min(1, through * 1.15) * (Math.PI / 2));
}

export function storyOf(product: string, point: string | null, analyte: string, back: number): Story | undefined {
  return stories.find(
    (each) =>
      each.product === product &&
      each.point === point &&
      each.analyte === analyte &&
      back <= each.fromBack &&
      back >= each.toBack,
  );
}

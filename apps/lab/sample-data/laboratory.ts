import type { Definition, DefinedAnalyte, SpecificationLimit } from "../definition.ts";

// An invented laboratory: quality control of a small maker of oral liquids and of its water system. Limits follow the kind of
// values pharmacopoeias set; none is anybody's real data.

export type SampleMethod = { readonly code: string; readonly title: string; readonly definition: Definition };
export type SampleProduct = {
  readonly code: string;
  readonly name: string;
  readonly kind: "water" | "raw-material" | "in-process" | "finished" | "environment";
  readonly description: string;
  readonly specification: { readonly code: string; readonly title: string };
  readonly limits: readonly (Omit<SpecificationLimit, "methodId"> & { readonly method: string; readonly usual: readonly [mean: number, spread: number] | string })[];
};

const number = (key: string, name: string, unit: string, decimals: number, quantification: string | null = null): DefinedAnalyte => ({
  key,
  name,
  unit,
  kind: "number",
  decimals,
  rule: "half-up",
  quantification,
});
const calculated = (key: string, name: string, unit: string, decimals: number, formula: string): DefinedAnalyte => ({
  ...number(key, name, unit, decimals),
  kind: "calculated",
  formula,
});
const words = (key: string, name: string, choices: string[]): DefinedAnalyte => ({
  key,
  name,
  unit: "",
  kind: "text",
  decimals: null,
  rule: "half-up",
  choices,
});
const simple = (code: string, title: string, reference: string, ...analytes: DefinedAnalyte[]): SampleMethod => ({
  code,
  title,
  definition: { reference, fields: [], analytes },
});

/** A method that says what its results are made with. */
function asking(method: SampleMethod, more: Partial<Definition>): SampleMethod {
  return { ...method, definition: { ...method.definition, ...more } };
}

export const methods: readonly SampleMethod[] = [
  asking(simple("CHE-01", "Conductivity at 25 °C", "in-line cell, compared at 25 °C", number("conductivity", "Conductivity", "µS/cm", 2)), {
    instruments: ["conductivity-meter"],
    materials: ["KCL-84"],
    quality: { controls: 1, blank: false, analytes: ["conductivity"] },
  }),
  asking(simple("CHE-02", "Total organic carbon", "UV oxidation", number("toc", "TOC", "µg/L", 0, "20")), {
    quality: { controls: 2, blank: true, analytes: ["toc"] },
  }),
  simple("CHE-03", "pH, potentiometric", "two buffers, 25 °C", number("ph", "pH", "", 1)),
  simple("CHE-04", "Nitrate, photometric", "against 0.2 mg/L", number("nitrate", "Nitrate", "mg/L", 2, "0.05")),
  simple("CHE-05", "Bacterial endotoxins", "kinetic chromogenic", number("endotoxin", "Endotoxins", "EU/mL", 3, "0.005")),
  simple("CHE-06", "Appearance", "visual, against black and white", words("appearance", "Appearance", ["clear, colourless", "clear, pale yellow", "turbid", "coloured"])),
  {
    code: "CHE-10",
    title: "Assay by HPLC",
    definition: {
      reference: "external standard, n = 1",
      fields: [
        { key: "area", name: "Sample area", unit: "" },
        { key: "standard", name: "Standard area", unit: "" },
        { key: "conc", name: "Standard conc.", unit: "mg/mL" },
        { key: "label", name: "Label claim", unit: "mg/mL" },
      ],
      analytes: [calculated("assay", "Assay", "%", 1, "area / standard * conc / label * 100")],
    },
  },
  {
    code: "CHE-12",
    title: "Loss on drying",
    definition: {
      reference: "105 °C, 3 h",
      fields: [
        { key: "tare", name: "Tare", unit: "g" },
        { key: "wet", name: "Before", unit: "g" },
        { key: "dry", name: "After", unit: "g" },
      ],
      analytes: [calculated("lod", "Loss on drying", "%", 2, "(wet - dry) / (wet - tare) * 100")],
    },
  },
  simple("CHE-11", "Density", "oscillating tube, 20 °C", number("density", "Density", "g/mL", 4)),
  {
    code: "MIC-01",
    title: "Total aerobic count, membrane filtration",
    definition: {
      reference: "R2A, 30–35 °C, 5 days",
      fields: [
        { key: "colonies", name: "Colonies", unit: "" },
        { key: "volume", name: "Filtered", unit: "mL" },
      ],
      analytes: [calculated("tamc", "Total aerobic count", "CFU/100 mL", 0, "colonies / volume * 100")],
    },
  },
  simple("MIC-02", "Escherichia coli", "in 100 mL", words("ecoli", "E. coli", ["absent", "present"])),
  simple("MIC-05", "Settle plates", "90 mm, 4 h", number("settle", "Settle plate", "CFU/plate", 0)),
];

const line = (method: string, analyte: string, usual: readonly [number, number] | string, more: Partial<SpecificationLimit> = {}) => ({
  method,
  analyte,
  usual,
  compare: "rounded" as const,
  ...more,
});

export const products: readonly SampleProduct[] = [
  {
    code: "WFI",
    name: "Water for injection",
    kind: "water",
    description: "Hot loop, 80 °C, six points of use.",
    specification: { code: "SPC-WFI", title: "Water for injection, points of use" },
    limits: [
      line("CHE-01", "conductivity", [0.82, 0.12], { high: "1.3", warnHigh: "1.1", compare: "entered" }),
      line("CHE-02", "toc", [110, 45], { high: "500", warnHigh: "300" }),
      line("CHE-04", "nitrate", [0.03, 0.02], { high: "0.2" }),
      line("CHE-05", "endotoxin", [0.008, 0.01], { high: "0.25", highOpen: true, warnHigh: "0.125" }),
      line("MIC-01", "tamc", [1, 1.4], { high: "10", warnHigh: "5" }),
    ],
  },
  {
    code: "PW",
    name: "Purified water",
    kind: "water",
    description: "Cold loop, ozonised at night, four points of use.",
    specification: { code: "SPC-PW", title: "Purified water, points of use" },
    limits: [
      line("CHE-01", "conductivity", [2.1, 0.5], { high: "5.1", warnHigh: "4.0", compare: "entered" }),
      line("CHE-02", "toc", [180, 60], { high: "500", warnHigh: "350" }),
      line("CHE-04", "nitrate", [0.05, 0.03], { high: "0.2" }),
      line("MIC-01", "tamc", [60, 45], { high: "10000", warnHigh: "5000" }),
      line("MIC-02", "ecoli", "absent", { texts: ["absent"] }),
    ],
  },
  {
    code: "PCM-SYR",
    name: "Paracetamol syrup 24 mg/mL",
    kind: "finished",
    description: "Released per batch.",
    specification: { code: "SPC-PCM", title: "Paracetamol syrup, release" },
    limits: [
      line("CHE-06", "appearance", "clear, colourless", { texts: ["clear, colourless", "clear, pale yellow"] }),
      line("CHE-03", "ph", [4.9, 0.16], { low: "4.5", high: "5.5", warnLow: "4.6", warnHigh: "5.4" }),
      line("CHE-11", "density", [1.1652, 0.0016], { low: "1.1580", high: "1.1720" }),
      line("CHE-10", "assay", [99.9, 1.1], { low: "95.0", high: "105.0", warnLow: "97.0", warnHigh: "103.0" }),
      line("MIC-01", "tamc", [4, 4], { high: "10000" }),
      line("MIC-02", "ecoli", "absent", { texts: ["absent"] }),
    ],
  },
  {
    code: "SLB-SYR",
    name: "Salbutamol syrup 0.4 mg/mL",
    kind: "finished",
    description: "Released per batch.",
    specification: { code: "SPC-SLB", title: "Salbutamol syrup, release" },
    limits: [
      line("CHE-06", "appearance", "clear, colourless", { texts: ["clear, colourless"] }),
      line("CHE-03", "ph", [3.8, 0.13], { low: "3.3", high: "4.3" }),
      // Agreed with its customer: what passes lies clear of the limits by its whole uncertainty.
      line("CHE-10", "assay", [100.4, 1.3], {
        low: "95.0",
        high: "105.0",
        warnLow: "97.0",
        warnHigh: "103.0",
        decision: { rule: "guarded", factor: "1" },
      }),
      line("MIC-02", "ecoli", "absent", { texts: ["absent"] }),
    ],
  },
  {
    code: "RM-PCM",
    name: "Paracetamol, raw material",
    kind: "raw-material",
    description: "Each delivery, before use.",
    specification: { code: "SPC-RM-PCM", title: "Paracetamol, incoming goods" },
    limits: [
      line("CHE-12", "lod", [0.22, 0.07], { high: "0.5", warnHigh: "0.4" }),
      line("CHE-10", "assay", [99.8, 0.4], { low: "99.0", high: "101.0" }),
    ],
  },
  {
    code: "ENV-C",
    name: "Filling room, grade C",
    kind: "environment",
    description: "Settle plates in operation.",
    specification: { code: "SPC-ENV-C", title: "Filling room, settle plates" },
    limits: [line("MIC-05", "settle", [8, 6], { high: "50", warnHigh: "30" })],
  },
];

export const points: readonly { code: string; name: string; location: string; product: string }[] = [
  ...["Storage tank", "Loop return", "Compounding vessel", "Filling line 1", "Filling line 2", "Parts washer"].map((name, index) => ({
    code: `WFI-0${index + 1}`,
    name,
    location: index < 2 ? "Utilities, basement" : "Production, ground floor",
    product: "WFI",
  })),
  ...["After EDI", "Loop return", "Granulation", "Laboratory"].map((name, index) => ({
    code: `PW-0${index + 1}`,
    name,
    location: index < 2 ? "Utilities, basement" : "Ground floor",
    product: "PW",
  })),
  { code: "ENV-C1", name: "Filling line 1, needle side", location: "Room 1.14", product: "ENV-C" },
  { code: "ENV-C2", name: "Filling line 2, stopper bowl", location: "Room 1.15", product: "ENV-C" },
];

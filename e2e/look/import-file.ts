import type { Page } from "playwright-core";

const csv = (name: string, lines: readonly string[]) => ({
  name,
  mimeType: "text/csv",
  buffer: Buffer.from(`${lines.join("\r\n")}\r\n`, "utf8"),
});

/** Sixty samples as somebody's spreadsheet has them; each row below is wrong in its own way. */
const wrongSamples = [
  "NOSUCH;;L-1;;;;;;",
  ";;L-2;;;;;;",
  "WFI;WFI-77;;;;;;;",
  "PW;PW-01;;23.11.2026;;;;;",
  "PW;PW-02;;2026-02-30 10:00;;;;;",
  "PW;PW-03;;2031-01-01 08:00;;;;;",
  "PW;PW-04;;1826-11-12;;;;;",
  "WFI;WFI-01;;;;soon;;;",
  "WFI;WFI-02;;;;2026-13-01;;;",
  "WFI;WFI-03;;;;;high;;",
  "WFI;WFI-04;;;;;;NO-SPEC;",
  "PCM-SYR;;L-3;;;;;SPEC-WFI;",
  `PCM-SYR;;${"L".repeat(61)};;;;;;`,
  `PW;PW-01;;;${"Somebody with a long name ".repeat(6)};;;;`,
  "PW;PW-02;;2026-11-20 10:00:61;;;;;",
  "RM-PCM;;L-4;;;;;;;one cell too many",
  "NOSUCH;NOWHERE;L-5;yesterday;;tomorrow;asap;NONE;all of it at once",
  "pw ;PW-9;;;;;;;",
  "ENV-X;;;;;;;;",
  "WFI 2;;;;;;;;",
  "PCM-TAB;;L-6;;;;;;",
  "PW;PW-01;;12:30;;;;;",
  "PW;PW-01;;;;31/12/2026;;;",
  "PW;PW-01;;;;;normal;;",
  "WFI;RIVER;;;;;;;=cmd|' /C calc'!A0",
];

const head = "Product code;Sampling point code;Lot;Sampled at;Sampled by;Due on;Priority;Specification code;Remark";

export const manyFaults = csv("samples-week-47.csv", [
  head,
  ...Array.from(
    { length: 35 },
    (_, row) => `PCM-SYR;;L-${100 + row};2026-11-20 08:${10 + row};I. Vass;;routine;;`,
  ).flatMap((good, row) => [...(row < wrongSamples.length ? [wrongSamples[row] ?? ""] : []), good]),
]);

/** Results of the samples that a list shows, as an instrument would write them: half of the rows wrong. */
export function resultsOf(numbers: readonly string[]) {
  const [tablet = "", syrup = "", raw = "", water = ""] = [0, 2, 0, 3].map((at) => numbers[at] ?? "");
  const wrong = [
    `${water};Conductivity;2,13;µS/cm;`,
    `${water};Conductivity;abc;µS/cm;`,
    `${water};TOC;120;mg/L;`,
    `${water};TOC;121;µg/L;`,
    `${water};TOC;122;µg/L;`,
    `${water};Iron;0.1;mg/L;`,
    `${water};E. coli;maybe;;`,
    `${syrup};pH;5.0.1;;`,
    `${syrup};pH;--5;;`,
    `${syrup};Assay;99.1;%;`,
    `${syrup};Density;1.16;kg/m3;`,
    `${raw};Loss on drying;0.2;%;`,
    `${tablet};;1;;`,
    "S-26-99999;pH;5.1;;",
    ";pH;5.1;;",
    "CTL-1;pH;7.0;;control",
    "BLK;TOC;10;µg/L;",
    "STD 1;TOC;500;µg/L;calibrator",
  ];
  return csv("run-2026-11-23.csv", ["Sample number;Analyte;Value;Unit;Kind of row", ...wrong]);
}

/** A run without a fault: two standards and a rinse are in it, which no worksheet has. */
export function runOf(number: string) {
  return csv("toc-2026-11-23.csv", [
    "Sample number;Analyte;Value;Unit;Kind of row",
    "STD 250;TOC;251;µg/L;standard",
    "STD 500;TOC;498;µg/L;standard",
    "RINSE;TOC;1;µg/L;rinse",
    `${number};Nitrate;0.02;mg/L;sample`,
  ]);
}

/** The numbers of the samples on the list one is on. */
export async function numbersOf(page: Page): Promise<string[]> {
  await page.locator("main tbody a").first().waitFor();
  return (await page.locator("main tbody").innerText()).match(/S-\d\d-\d{5}/g) ?? [];
}

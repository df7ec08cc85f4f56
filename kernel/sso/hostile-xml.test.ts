import { describe, expect, test } from "vitest";
import { readSamlMetadata } from "./saml-metadata.ts";
import { parseXml } from "./xml.ts";

/** Processor time of this process in milliseconds: what else the machine does is not counted. */
function cost(run: () => unknown): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

describe("APP-06 XML that is made to be slow is refused before it is read", () => {
  test.each([
    ["namespaces on many elements", `<a>${`<b xmlns:x="urn:x"/>`.repeat(300)}</a>`, /namespaces/],
    [
      "thousands of attributes",
      `<a ${Array.from({ length: 5000 }, (_, index) => `a${index}="1"`).join(" ")}/>`,
      /attributes/,
    ],
    ["a list of prefixes without end", `<a PrefixList="${"p ".repeat(2000)}"/>`, /prefixes/],
    ["tens of thousands of elements", `<a>${"<b/>".repeat(20_000)}</a>`, /elements/],
  ])("%s", (_, text, reason) => {
    let refusal: unknown;
    const ms = cost(() => {
      try {
        parseXml(text);
      } catch (error) {
        refusal = error;
      }
    });
    expect(String(Object(refusal)["cause"])).toMatch(reason);
    expect(ms).toBeLessThan(300);
  });

  test("metadata of beginnings of comments that never end costs one pass", () => {
    const text = "<!--".repeat(60_000);
    expect(cost(() => expect(() => readSamlMetadata(text)).toThrow())).toBeLessThan(500);
  });
});

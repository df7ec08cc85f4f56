import { describe, expect, test } from "vitest";
import { Problem } from "../work/problem.ts";
import { elementsOf, parseXml } from "./xml.ts";

describe("XML of a stranger", () => {
  test.each([
    ['<a ID="x"><b ID="x"/></a>'],
    ['<a ID="x"><b Id="x"/></a>'],
    ['<a ID="x"><b id="x"/></a>'],
    ['<a ID="x"><b xmlns:w="urn:w" w:Id="x"/></a>'],
    [`${"<a>".repeat(50)}${"</a>".repeat(50)}`],
    [`<a>${"<b/>".repeat(5000)}</a>`],
  ])("IDN-03 APP-06 an ID twice, and trees without measure, are refused: %#", (xml) => {
    expect(() => elementsOf(parseXml(xml))).toThrow(Problem);
  });

  test.each([
    ["<!DOCTYPE a><a/>"],
    ["<a><!-- x --></a>"],
    ["<a><![CDATA[x]]></a>"],
    ["<a><?x y?></a>"],
    ["<a>&e;</a>"],
    ["<a/><b/>"],
    ["<a/>text"],
    ["<a><b></a>"],
    ["<a b='1' b='2'/>"],
    [`<a>${"x".repeat(300_000)}</a>`],
    ["<?xml version='1.0'?><?xml version='1.0'?><a/>"],
    [""],
  ])("IDN-03 APP-06 what two readers could read differently is refused: %j", (xml) => {
    expect(() => parseXml(xml)).toThrow(Problem);
  });

  test("plain XML with a declaration, entities of XML itself and different IDs is read", () => {
    const root = parseXml('<?xml version="1.0" encoding="UTF-8"?>\n<a ID="x"><b ID="y">&amp;&#233;</b></a>\n');
    expect(elementsOf(root)).toHaveLength(2);
    expect(root.textContent).toBe("&é");
  });
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listPacks, loadPack, PackError, parsePack } from "./pack.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pack-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const yaml = (id: string, requirement: string, extra = ""): string => `
id: ${id}
version: "1"
title: Test
edition: "1"
licence: own
source: none
${extra}
groups: [{id: "1", title: One}]
requirements:
  - {id: "${requirement}", title: T, summary: S, assessable: documents, scope: [[thing]], obligations: [{id: a, statement: S, groups: [[thing]]}]}
`;

function refused(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(PackError);
    return error instanceof Error ? error.message : "";
  }
  throw new Error("was accepted");
}

describe("a pack that cannot be used is refused with file and path", () => {
  test("a field missing or of another type", () => {
    const text = refused(() => parsePack(yaml("one", "1.1").replace("summary: S, ", ""), "one.yaml"));
    expect(text).toContain("one.yaml");
    expect(text).toContain("/requirements/0");
    expect(text).toContain("summary");
  });

  test("a field nobody knows", () => {
    expect(refused(() => parsePack(yaml("one", "1.1", "colour: red"), "one.yaml"))).toContain("colour");
  });

  test("YAML that is none", () => {
    expect(refused(() => parsePack("id: [", "one.yaml"))).toContain("one.yaml");
  });

  test("an id used twice, also through an include", () => {
    writeFileSync(join(folder, "one.yaml"), yaml("one", "1.1"));
    writeFileSync(join(folder, "two.yaml"), yaml("two", "1.1", "includes: [one]"));
    expect(refused(() => loadPack("two", folder))).toContain("1.1");
  });

  test("packs that include each other", () => {
    writeFileSync(join(folder, "left.yaml"), yaml("left", "1.1", "includes: [right]"));
    writeFileSync(join(folder, "right.yaml"), yaml("right", "1.2", "includes: [left]"));
    expect(refused(() => loadPack("left", folder))).toContain("left → right → left");
  });

  test("a name that leaves the folder", () => {
    refused(() => loadPack("../one", folder));
  });

  test("a pack nobody has, naming those there are", () => {
    expect(refused(() => loadPack("iso-9001"))).toContain("iso-13485");
  });
});

describe("the packs shipped", () => {
  test("all load, with includes resolved and ids unique", () => {
    const packs = listPacks();
    expect(packs.map((pack) => pack.id)).toEqual(expect.arrayContaining(["iso-13485", "fda-qmsr"]));
    for (const { id } of packs) {
      const ids = loadPack(id).requirements.map((requirement) => requirement.id);
      expect(new Set(ids).size).toBe(ids.length);
    }
    const own = loadPack("iso-13485").requirements.length;
    expect(loadPack("fda-qmsr").requirements.length).toBeGreaterThan(own);
  });
});

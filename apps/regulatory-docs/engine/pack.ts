/** Requirement packs: YAML read, checked against a schema, includes resolved, every error naming file and path. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Static, Type } from "typebox";
import { Value } from "typebox/value";
import { parse } from "yaml";

const Alternatives = Type.Array(Type.Array(Type.String({ minLength: 2, maxLength: 120 }), { minItems: 1 }), {
  minItems: 1,
});
const Text = Type.String({ minLength: 1, maxLength: 8000 });
const Identifier = Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._()/-]{0,60}$" });

const ObligationSchema = Type.Object(
  {
    id: Identifier,
    statement: Text,
    groups: Alternatives,
    weight: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 10 })),
  },
  { additionalProperties: false },
);

const RequirementSchema = Type.Object(
  {
    id: Identifier,
    title: Text,
    group: Type.Optional(Type.String()),
    summary: Text,
    /** Words of the regulation, public-domain sources only. */
    text: Type.Optional(Text),
    references: Type.Optional(Type.Array(Type.String())),
    isoClauses: Type.Optional(Type.Array(Type.String())),
    carriedBy: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])),
    assessable: Type.Union([Type.Literal("documents"), Type.Literal("partly"), Type.Literal("records")]),
    scope: Alternatives,
    obligations: Type.Array(ObligationSchema),
    nextStep: Type.Optional(Text),
    seeAlso: Type.Optional(Type.Array(Type.String())),
  },
  { additionalProperties: false },
);

const PackSchema = Type.Object(
  {
    id: Type.String({ pattern: "^[a-z0-9][a-z0-9-]{1,60}$" }),
    version: Text,
    title: Text,
    edition: Text,
    licence: Text,
    source: Text,
    groups: Type.Array(Type.Object({ id: Type.String(), title: Text }, { additionalProperties: false })),
    includes: Type.Optional(Type.Array(Type.String())),
    requirements: Type.Array(RequirementSchema),
  },
  { additionalProperties: false },
);

/** One thing a requirement asks for; all its groups together show it, any alternative of a group shows the group. */
export type Obligation = Static<typeof ObligationSchema>;
/** A clause or section of a standard. */
export type Requirement = Static<typeof RequirementSchema>;
/** A checked pack with its includes resolved into `requirements` and `groups`. */
export type Pack = Static<typeof PackSchema>;

/** A pack that cannot be used: the file, the path inside it and what is wrong there. */
export class PackError extends Error {
  readonly file: string;
  constructor(file: string, message: string) {
    super(`${file}: ${message}`);
    this.name = "PackError";
    this.file = file;
  }
}

/** Where the packs of the product stand. */
export const PACK_FOLDER = fileURLToPath(new URL("../packs/", import.meta.url));

/** Loads a pack by id, with what it includes. Throws `PackError` naming file and path. */
export function loadPack(id: string, folder: string = PACK_FOLDER): Pack {
  return remembered(`${folder}\0${id}`, () => resolve(id, folder, []));
}

/** Packs are part of the release and do not change while it runs; reading one takes a quarter of a second. */
const known = new Map<string, unknown>();
function remembered<T>(key: string, make: () => T): T;
function remembered(key: string, make: () => unknown): unknown {
  if (!known.has(key)) known.set(key, make());
  return known.get(key);
}

/** Ids and titles of the packs in a folder, by id. Files that are no packs (other schemas) are left out. */
export function listPacks(folder: string = PACK_FOLDER): PackEntry[] {
  return remembered(`${folder}\0`, () => readEntries(folder));
}
type PackEntry = { id: string; title: string; edition: string; version: string; requirementCount: number };

function readEntries(folder: string): PackEntry[] {
  const packs: PackEntry[] = [];
  for (const file of readdirSync(folder).toSorted()) {
    if (!file.endsWith(".yaml")) continue;
    const value: unknown = parse(readFileSync(join(folder, file), "utf8"));
    if (typeof value !== "object" || value === null || !("requirements" in value)) continue;
    const pack = checkPack(value, file);
    const requirementCount = loadPack(pack.id, folder).requirements.length;
    packs.push({ id: pack.id, title: pack.title, edition: pack.edition, version: pack.version, requirementCount });
  }
  // The shortest first: what is assessed by itself stands before what includes it.
  return packs.toSorted((a, b) => a.requirementCount - b.requirementCount);
}

/** Reads a pack from YAML. `file` names it in errors. Includes are not resolved here. */
export function parsePack(yaml: string, file: string): Pack {
  let value: unknown;
  try {
    value = parse(yaml);
  } catch (error) {
    throw new PackError(file, `is not YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  return checkPack(value, file);
}

function checkPack(value: unknown, file: string): Pack {
  if (!Value.Check(PackSchema, value)) {
    const problems = [...Value.Errors(PackSchema, value)]
      .filter((problem) => problem.keyword !== "additionalProperties")
      .slice(0, 5)
      // A field no schema names is judged by the schema `false`.
      .map(
        (problem) =>
          `at ${problem.instancePath || "/"} ${problem.keyword === "boolean" ? "is not a known field" : problem.message}`,
      );
    throw new PackError(file, problems.join("; "));
  }
  checkIds(value, file);
  return value;
}

function checkIds(pack: Pack, file: string): void {
  const seen = new Map<string, string>();
  const note = (id: string, path: string): void => {
    const before = seen.get(id);
    if (before) throw new PackError(file, `at ${path} the id ${id} is already used at ${before}`);
    seen.set(id, path);
  };
  const groups = new Set(pack.groups.map((group) => group.id));
  pack.requirements.forEach((requirement, index) => {
    const path = `/requirements/${index}`;
    note(requirement.id, path);
    if (requirement.group !== undefined && !groups.has(requirement.group)) {
      throw new PackError(file, `at ${path}/group there is no group ${requirement.group}`);
    }
    const own = new Set<string>();
    requirement.obligations.forEach((obligation, at) => {
      if (own.has(obligation.id))
        throw new PackError(file, `at ${path}/obligations/${at} the id ${obligation.id} is used twice`);
      own.add(obligation.id);
    });
  });
}

function resolve(id: string, folder: string, chain: readonly string[]): Pack {
  const file = `${id}.yaml`;
  if (!/^[a-z0-9][a-z0-9-]{1,60}$/.test(id))
    throw new PackError(file, "a pack's name has small letters, digits and hyphens only");
  if (chain.includes(id))
    throw new PackError(file, `at /includes the packs include each other: ${[...chain, id].join(" → ")}`);
  let yaml: string;
  try {
    yaml = readFileSync(join(folder, file), "utf8");
  } catch {
    const known = listPacks(folder).map((pack) => pack.id);
    throw new PackError(file, `there is no such pack. Packs here: ${known.join(", ")}`);
  }
  const pack = parsePack(yaml, file);
  if (pack.id !== id) throw new PackError(file, `at /id the pack calls itself ${pack.id}`);
  const requirements = [...pack.requirements];
  const groups = [...pack.groups];
  const used = new Map(requirements.map((requirement) => [requirement.id, id]));
  for (const included of pack.includes ?? []) {
    const other = resolve(included, folder, [...chain, id]);
    for (const requirement of other.requirements) {
      const owner = used.get(requirement.id);
      if (owner)
        throw new PackError(file, `at /includes the id ${requirement.id} of ${included} is already used by ${owner}`);
      used.set(requirement.id, included);
      requirements.push(requirement);
    }
    for (const group of other.groups) if (!groups.some((one) => one.id === group.id)) groups.push(group);
  }
  return { ...pack, groups, requirements };
}

import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { doorProblem, type Tx } from "@probity/kernel";
import { insertAll, orderedIds, type NewRow, type Progress } from "../bulk.ts";
import { problem } from "../errors.ts";
import { blindedProduct, blindRow, coverOf, readCovered, type Keys } from "./blind.ts";
import { query } from "../query.ts";
import { inTurns } from "../turn.ts";
import {
  currentMethods,
  currentSpecifications,
  specificationVersions,
  type MethodVersion,
  type SpecificationVersion,
} from "./frozen.ts";
import { nextNumbers } from "./number.ts";

/** What a person or file says of a new sample. */
export type NewSample = {
  readonly productId: string;
  readonly samplingPointId?: string | null | undefined;
  readonly specificationId?: string | null | undefined;
  /** A version that was frozen before, in place of the one in force: a stability protocol keeps its limits. */
  readonly specificationVersionId?: string | undefined;
  readonly methodIds?: readonly string[] | undefined;
  readonly customerId?: string | null | undefined;
  readonly lot?: string | null | undefined;
  readonly remark?: string | null | undefined;
  readonly priority?: "routine" | "urgent" | undefined;
  readonly sampledAt?: string | null | undefined;
  readonly sampledBy?: string | null | undefined;
  readonly dueOn?: string | null | undefined;
  /** What it is and whose is sealed until it is verified. */
  readonly blinded?: boolean | undefined;
};
export type Registered = { readonly id: string; readonly number: string };

/** How far a clock may be ahead of this server's before its time counts as the future. */
export const skewMs = 120_000;

/** Registers samples, all or none: numbers, frozen limits, and an empty result for everything that is to be determined. */
export async function registerSamples(
  tx: Tx,
  wanted: readonly NewSample[],
  importId: string | null = null,
  progress?: Progress,
  keys?: Keys,
): Promise<Registered[]> {
  // 1. What they name must be there.
  const [products, points] = [await namesOfProducts(tx), await namesOfPoints(tx)];
  const specifications = [...(await currentSpecifications(tx)).values()];
  const frozen = await specificationVersions(
    tx,
    wanted.flatMap((each) => each.specificationVersionId ?? []),
  );
  const methods = await currentMethods(tx);
  await requireCustomers(tx, wanted);
  for (const each of wanted) {
    if (!products.has(each.productId)) throw doorProblem.not_found();
    if (each.samplingPointId && !points.has(each.samplingPointId)) throw doorProblem.not_found();
    if (each.sampledAt && new Date(each.sampledAt).getTime() > Date.now() + skewMs) throw problem.sampled_later();
  }
  // 2. Numbers, without gaps.
  const numbers = await nextNumbers(tx, "sample", wanted.length);
  const ids = orderedIds(wanted.length);
  const samples: NewRow[] = [];
  const blinds: NewRow[] = [];
  const cover = wanted.some((each) => each.blinded === true) ? await blindedProduct(tx) : "";
  const results: NewRow[] = [];
  const registered: Registered[] = [];
  const turn = inTurns();
  for (const [index, each] of wanted.entries()) {
    await turn();
    const [numbered, id] = [numbers[index], ids[index]];
    if (numbered === undefined || id === undefined) throw new Error("A sample without a number");
    const product = products.get(each.productId) ?? "";
    // 3. The limits in force now, frozen, and the tests they ask for.
    const specification = frozen.get(each.specificationVersionId ?? "") ?? specificationOf(each, specifications);
    const tests = testsOf(each, specification, methods);
    if (tests.length === 0) throw problem.no_tests({ values: { what: product } });
    const find = [
      numbered.number,
      product,
      each.samplingPointId ? points.get(each.samplingPointId) : "",
      each.lot,
      each.remark,
      each.sampledBy,
    ];
    samples.push({
      row: {
        id,
        ...numbered,
        product_id: each.productId,
        sampling_point_id: each.samplingPointId ?? null,
        specification_version_id: specification?.id ?? null,
        import_id: importId,
        customer_id: each.customerId ?? null,
        lot: each.lot ?? null,
        remark: each.remark ?? null,
        priority: each.priority ?? "routine",
        state: "registered",
        sampled_at: each.sampledAt ?? null,
        sampled_by: each.sampledBy ?? null,
        due_on: each.dueOn ?? null,
        find: findText(find),
      },
      fields: { number: numbered.number, product, lot: each.lot ?? null, sampledAt: each.sampledAt ?? null },
    });
    registered.push({ id, number: numbered.number });
    const own = samples.at(-1);
    if (each.blinded === true && own !== undefined) {
      if (keys === undefined) throw new Error("A sample is blinded under the workspace's key");
      const {
        product_id,
        sampling_point_id,
        specification_version_id,
        customer_id,
        lot,
        remark,
        sampled_by,
        find: found,
      } = own.row;
      const covered = readCovered({
        product_id,
        sampling_point_id,
        specification_version_id,
        customer_id,
        lot,
        remark,
        sampled_by,
        find: found,
      });
      blinds.push(blindRow(tx, keys, { id, number: numbered.number }, covered));
      samples[samples.length - 1] = {
        row: { ...own.row, ...coverOf(numbered.number, cover) },
        fields: { number: numbered.number, blinded: true, sampledAt: each.sampledAt ?? null },
      };
    } else if (own !== undefined) samples[samples.length - 1] = { ...own, row: { ...own.row, blinded: false } };
    for (const { version, key } of tests) {
      // Its limits stand with each result of a blinded sample: its specification would say what it is.
      const limit =
        each.blinded === true
          ? specification?.limits.find((known) => known.analyte === key && known.methodId === version.methodId)
          : undefined;
      results.push(emptyResult(version, key, { sample_id: id, kind: "sample", limits: limit ?? null }));
    }
  }
  // 4. Rows with their leaves.
  await insertAll(tx, "lab.sample", "lab.sample.register", samples, progress);
  await insertAll(tx, "lab.blind", "lab.blind.lay", blinds);
  const resultIds = orderedIds(results.length);
  const ordered = results.map(({ row, fields }, index) => ({
    row: { ...row, id: resultIds[index] ?? row.id },
    fields,
  }));
  await insertAll(tx, "lab.result", "lab.result.create", ordered, progress && (() => progress(samples.length)));
  return registered;
}

async function requireCustomers(tx: Tx, wanted: readonly NewSample[]): Promise<void> {
  const named = [...new Set(wanted.flatMap((each) => each.customerId ?? []))];
  if (named.length === 0) return;
  const found = await tx.all(
    query.selectFrom("lab.customer").select("id").where("id", "in", named).where("deleted_at", "is", null),
  );
  if (found.length !== named.length) throw doorProblem.not_found();
}

/** A result that is still to be determined. */
export function emptyResult(version: MethodVersion, key: string, more: Readonly<Record<string, unknown>>): NewRow {
  const analyte = version.definition.analytes.find((each) => each.key === key);
  if (analyte === undefined) throw problem.analyte_elsewhere();
  return {
    row: {
      id: uuidv7(),
      sample_id: null,
      worksheet_id: null,
      position: null,
      replaces_id: null,
      limits: null,
      attempt: 1,
      ...more,
      method_version_id: version.id,
      analyte: key,
      name: analyte.name,
      unit: analyte.unit,
      state: "open",
    },
    fields: { analyte: key, method: `${version.code} v${version.number}` },
  };
}

/** Lower case, one space between: what the list's text is looked for in. */
export function findText(parts: readonly (string | null | undefined)[]): string {
  return parts
    .filter((each) => each)
    .join(" ")
    .toLowerCase()
    .replaceAll(/\s+/g, " ")
    .slice(0, 2000);
}

function specificationOf(each: NewSample, known: readonly SpecificationVersion[]): SpecificationVersion | undefined {
  const own = known.filter((specification) => specification.productId === each.productId);
  if (!each.specificationId) return each.methodIds === undefined ? own[0] : undefined;
  const chosen = own.find((specification) => specification.specificationId === each.specificationId);
  if (chosen === undefined) throw doorProblem.not_found();
  return chosen;
}

function testsOf(
  each: NewSample,
  specification: SpecificationVersion | undefined,
  methods: ReadonlyMap<string, MethodVersion>,
): { version: MethodVersion; key: string }[] {
  const tests: { version: MethodVersion; key: string }[] = [];
  for (const { methodId, analyte } of specification?.limits ?? []) {
    const version = methods.get(methodId);
    if (version?.definition.analytes.some((known) => known.key === analyte)) tests.push({ version, key: analyte });
  }
  for (const id of each.methodIds ?? []) {
    const version = methods.get(id);
    if (version === undefined) throw doorProblem.not_found();
    for (const { key } of version.definition.analytes)
      if (!tests.some((test) => test.key === key && test.version.id === version.id)) tests.push({ version, key });
  }
  return tests;
}

async function namesOfProducts(tx: Tx): Promise<Map<string, string>> {
  const rows = await tx.all(
    query.selectFrom("lab.product").select(["id", "code", "name"]).where("deleted_at", "is", null),
  );
  return new Map(rows.map((row) => [row.id, `${row.code} ${row.name}`]));
}
async function namesOfPoints(tx: Tx): Promise<Map<string, string>> {
  const rows = await tx.all(
    query.selectFrom("lab.sampling_point").select(["id", "code", "name"]).where("deleted_at", "is", null),
  );
  return new Map(rows.map((row) => [row.id, `${row.code} ${row.name}`]));
}

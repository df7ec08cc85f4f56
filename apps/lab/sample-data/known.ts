import type { Tx } from "@probity/kernel";
import {
  currentMethods,
  currentSpecifications,
  type MethodVersion,
  type SpecificationVersion,
} from "../actions/frozen.ts";
import { query } from "../query.ts";

/** What was laid in before, by its code; methods by their id. */
export type Known = {
  products: Map<string, string>;
  points: Map<string, string>;
  methods: Map<string, MethodVersion>;
  specifications: Map<string, SpecificationVersion>;
};
export async function known(tx: Tx): Promise<Known> {
  const byCode = (rows: { id: string; code: string }[]) => new Map(rows.map((row) => [row.code, row.id]));
  const specifications = await currentSpecifications(tx);
  return {
    products: byCode(await tx.all(query.selectFrom("lab.product").select(["id", "code"]))),
    points: byCode(await tx.all(query.selectFrom("lab.sampling_point").select(["id", "code"]))),
    methods: await currentMethods(tx),
    specifications: new Map([...specifications.values()].map((each) => [each.code, each])),
  };
}

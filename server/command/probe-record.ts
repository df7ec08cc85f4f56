import { recordOf, type ProbeHttp } from "@probity/trust";
import type { Operation } from "./probe-attack.ts";

/** What the test made in one workspace, to be looked for from the other and deleted at the end. */
export type OwnRecords = {
  readonly ids: readonly string[];
  readonly records: readonly { readonly path: string; readonly version: number; readonly why: string }[];
  /** How each was made: the address and the body it took. */
  readonly recipes: readonly { readonly made: string; readonly body: Record<string, unknown> }[];
  remove(): Promise<void>;
};

/**
 * Makes one record of every kind that can be made from texts alone and deleted again, and a text file in each that takes
 * files: a workspace may be empty, and what is not there can't leak.
 */
export async function makeOwnRecords(
  http: ProbeHttp,
  operations: readonly Operation[],
  key: string,
): Promise<OwnRecords> {
  const ids: string[] = [];
  const records: { path: string; version: number; why: string }[] = [];
  const recipes: { made: string; body: Record<string, unknown> }[] = [];
  // Some records go for a reason alone.
  const deletable = new Map(
    operations
      .filter(({ method }) => method === "DELETE")
      .map(({ path, parameters }) => [path, parameters.some(({ name }) => name === "reason") ? "?reason=Probed" : ""]),
  );
  for (const operation of operations) {
    if (operation.method !== "POST" || operation.open || operation.path.includes("{")) continue;
    const body = operation.body === undefined ? undefined : bodyFor(operation.body);
    const why = deletable.get(`${operation.path}/{id}`);
    if (body === undefined || why === undefined) continue;
    const answer = await http("POST", operation.path, { key, json: body });
    const { id, version } = answer.body;
    if (answer.status !== 201 || typeof id !== "string") continue;
    ids.push(id);
    records.push({ path: `${operation.path}/${id}`, version: Number(version ?? 1), why });
    recipes.push({ made: operation.path, body });
    for (const taker of operations) {
      if (!taker.multipart || !taker.path.startsWith(`${operation.path}/{id}/`)) continue;
      const text = `A test document of one workspace, made to be looked for from another: ${crypto.randomUUID()}.\n`;
      const file = { name: "probity-probe.txt", bytes: Buffer.from(text) };
      const sent = await http("POST", taker.path.replace("{id}", id), { key, file });
      for (const value of Object.values(sent.body))
        if (typeof value === "string" && value.length === 36) ids.unshift(value);
    }
  }
  return {
    ids,
    records,
    recipes,
    remove: async () => {
      for (const { path, why } of records) {
        const now = await http("GET", path, { key });
        await http("DELETE", `${path}${why}`, {
          key,
          headers: { "if-match": `"${Number(now.body["version"] ?? 1)}"` },
        });
      }
    },
  };
}

/** A body of texts for a schema; undefined when it wants anything else, such as the address of a person. */
function bodyFor(schema: Record<string, unknown>): Record<string, unknown> | undefined {
  const required = Array.isArray(schema["required"]) ? schema["required"].map(String) : [];
  const properties = recordOf(schema["properties"]);
  const body: Record<string, unknown> = {};
  for (const name of required) {
    const property = recordOf(properties[name]);
    if (property["type"] !== "string" || "format" in property || "pattern" in property || "enum" in property)
      return undefined;
    body[name] = "Probity probe";
  }
  return required.length === 0 ? undefined : body;
}

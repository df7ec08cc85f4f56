import { randomUUID } from "node:crypto";
import type { InjectOptions } from "fastify";

export type Schema = Readonly<Record<string, unknown>>;
/** One operation as the API describes itself. */
export type Operation = {
  readonly name: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly permission: string;
  readonly body: Schema | undefined;
  readonly isForm: boolean;
  readonly parameters: readonly { name: string; in: string; required: boolean; schema: Schema }[];
  readonly answers: Readonly<Record<string, Schema>>;
};

/** What is known of an operation beside its schema: a body, or members beside the required ones. */
export type Samples = Readonly<
  Record<
    string,
    {
      readonly params?: Record<string, string>;
      readonly body?: unknown;
      readonly more?: Readonly<Record<string, unknown>>;
    }
  >
>;
const boundary = "operation-boundary";

/** A request that passes every check of form, so that what refuses it is the door. */
export function requestFor(
  operation: Operation,
  own: Record<string, string>,
  samples: Samples,
  body?: unknown,
): InjectOptions {
  const sample = samples[operation.name];
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const schema = operation.parameters.find((each) => each.in === "path" && each.name === name)?.schema ?? {};
    return encodeURIComponent(sample?.params?.[name] ?? String(valueOf(schema)));
  });
  const query = operation.parameters.filter((each) => each.in === "query" && each.required);
  const search = new URLSearchParams(query.map((each) => [each.name, String(valueOf(each.schema))]));
  const url = search.size === 0 ? path : `${path}?${search}`;
  const headers: Record<string, string> = { ...own, "if-match": '"1"' };
  if (operation.isForm) {
    headers["content-type"] = `multipart/form-data; boundary=${boundary}`;
    const disposition = 'Content-Disposition: form-data; name="file"; filename="sop.txt"';
    const form = `--${boundary}\r\n${disposition}\r\nContent-Type: text/plain\r\n\r\nProcedure.\r\n--${boundary}--\r\n`;
    return { method: operation.method, url, headers, payload: form };
  }
  if (operation.body === undefined) return { method: operation.method, url, headers };
  headers["content-type"] = "application/json";
  const payload = JSON.stringify(body ?? bodyFor(operation, samples));
  return { method: operation.method, url, headers, payload };
}

/** A body in its right form. */
export function bodyFor(operation: Operation, samples: Samples): unknown {
  const sample = samples[operation.name];
  if (sample?.body !== undefined || operation.body === undefined) return sample?.body;
  const body = valueOf(operation.body);
  return sample?.more === undefined ? body : { ...schemaOf(body), ...sample.more };
}

/** Tried in turn where a schema has a pattern. */
const candidates = [
  "UTC",
  "kernel.job.read",
  "kernel.job",
  "kernel",
  "2030-01-31",
  "123456",
  "AB1",
  "203.0.113.0/24",
  "2030-01-31T00:00:00Z",
  `ln_${"A".repeat(43)}`,
  `og_${"A".repeat(43)}`,
  "A".repeat(43),
  "00000000-0000-7000-8000-000000000000",
  "QC1",
  "06:00",
  "ana@matrix.example",
];

/** The smallest value a JSON Schema takes. */
export function valueOf(schema: Schema): unknown {
  if ("const" in schema) return schema["const"];
  const options = schema["anyOf"];
  if (Array.isArray(options)) return valueOf(schemaOf(options[0]));
  const values = schema["enum"];
  if (Array.isArray(values)) return values[0];
  if (schema["type"] === "object") {
    const properties = Object.entries(schemaOf(schema["properties"]));
    const required = Array.isArray(schema["required"]) ? schema["required"] : [];
    const wanted = properties.filter(
      ([name], index) => required.includes(name) || (index === 0 && Number(schema["minProperties"] ?? 0) > 0),
    );
    return Object.fromEntries(wanted.map(([name, each]) => [name, valueOf(schemaOf(each))]));
  }
  if (schema["type"] === "array") {
    return Array.from({ length: Number(schema["minItems"] ?? 0) }, () => valueOf(schemaOf(schema["items"])));
  }
  if (schema["type"] === "integer" || schema["type"] === "number") return Number(schema["minimum"] ?? 1);
  if (schema["type"] === "boolean") return true;
  if (schema["format"] === "uuid") return randomUUID();
  if (schema["format"] === "date-time") return new Date().toISOString();
  if (schema["format"] === "date") return "2030-01-31";
  if (schema["format"] === "email") return "matrix@example.test";
  const pattern = schema["pattern"];
  if (typeof pattern === "string") {
    const fits = candidates.find((each) => new RegExp(pattern, "u").test(each));
    if (fits === undefined) throw new Error(`no candidate fits ${pattern}: add one`);
    return fits;
  }
  return "matrix"
    .padEnd(Math.max(1, Number(schema["minLength"] ?? 1)), "x")
    .slice(0, Number(schema["maxLength"] ?? 100));
}

/** An object's members; of anything else none. */
export function schemaOf(value: unknown): Schema {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

/** Every operation of the document. */
export function describedOperations(document: unknown): Operation[] {
  const found: Operation[] = [];
  for (const [path, methods] of Object.entries(schemaOf(schemaOf(document)["paths"]))) {
    for (const [name, value] of Object.entries(schemaOf(methods))) {
      const operation = schemaOf(value);
      const method = (["GET", "POST", "PUT", "PATCH", "DELETE"] as const).find((each) => each.toLowerCase() === name);
      if (method === undefined) throw new Error(`${name} ${path} is no method of ours`);
      const content = schemaOf(schemaOf(operation["requestBody"])["content"]);
      const json = schemaOf(content["application/json"])["schema"];
      const parameters = Array.isArray(operation["parameters"]) ? operation["parameters"].map(schemaOf) : [];
      const responses = Object.entries(schemaOf(operation["responses"])).map(
        ([status, answer]) =>
          [status, schemaOf(schemaOf(schemaOf(schemaOf(answer)["content"])["application/json"])["schema"])] as const,
      );
      found.push({
        name: `${method} ${path}`,
        method,
        path,
        permission: String(operation["x-permission"]),
        body: json === undefined ? undefined : schemaOf(json),
        isForm: "multipart/form-data" in content,
        parameters: parameters.map((each) => ({
          name: String(each["name"]),
          in: String(each["in"]),
          required: each["required"] === true,
          schema: schemaOf(each["schema"]),
        })),
        answers: Object.fromEntries(responses),
      });
    }
  }
  return found;
}

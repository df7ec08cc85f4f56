import type { TSchema } from "typebox";
import { problemSchema } from "./problem-document.ts";
import type { Route } from "./route.ts";

/** The OpenAPI 3.1 description of exactly the routes the server has. */
export function openApiDocument(
  routes: readonly Route[],
  info: { title: string; version: string; url: string },
): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    paths[route.path] ??= {};
    const path = paths[route.path];
    if (path) path[route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: "3.1.0",
    info: { title: info.title, version: info.version, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    servers: [{ url: info.url }],
    paths,
    components: {
      schemas: { Problem: problemSchema },
      securitySchemes: {
        key: { type: "http", scheme: "bearer" },
        session: { type: "apiKey", in: "cookie", name: "probity-session" },
      },
    },
  };
}

const keyLife =
  "Sent again with the same key, a request is done once. A key is known for as long as the policy retention.requestKeyDays says; later it is refused with kernel.key_forgotten.";

function operation(route: Route): Record<string, unknown> {
  return {
    operationId: `${route.method.toLowerCase()}_${route.path.replaceAll(/[^a-z0-9]+/gi, "_").replaceAll(/^_|_$/g, "")}`,
    summary: route.summary,
    tags: [route.tag],
    "x-permission": route.permission,
    // Which rate budget a call spends (APP-02).
    "x-budget": route.budget ?? "api",
    security: route.permission === "public" ? [] : [{ key: [] }, { session: [] }],
    parameters: [
      ...parameters("path", route.params?.properties ?? {}, route.params?.required ?? []),
      ...parameters("query", route.query?.properties ?? {}, route.query?.required ?? []),
      ...(route.keyed === true
        ? [{ name: "Idempotency-Key", in: "header", description: keyLife, schema: { type: "string", maxLength: 200 } }]
        : []),
    ],
    ...(route.body ? { requestBody: { required: true, content: { "application/json": { schema: route.body } } } } : {}),
    ...(route.multipart
      ? { requestBody: { required: true, content: { "multipart/form-data": { schema: { type: "object" } } } } }
      : {}),
    responses: {
      ...Object.fromEntries(Object.entries(route.answers).map(([status, answer]) => [status, response(answer)])),
      default: {
        description: "A problem document (RFC 9457)",
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    },
  };
}

function parameters(
  place: "path" | "query",
  properties: Record<string, TSchema>,
  required: readonly string[],
): Record<string, unknown>[] {
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    schema,
  }));
}

function response(answer: TSchema | string): Record<string, unknown> {
  if (answer === "") return { description: "No content" };
  return typeof answer === "string"
    ? { description: "Done", content: { [answer]: {} } }
    : { description: "Done", content: { "application/json": { schema: answer } } };
}

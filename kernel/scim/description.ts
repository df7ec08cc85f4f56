import { schemas } from "./resource.ts";

/** What this server can do, and what its resources look like (RFC 7643, 5 to 7). */
export function serviceProviderConfig(base: string) {
  const no = { supported: false };
  return {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
    patch: { supported: true },
    bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults: 200 },
    changePassword: no,
    sort: no,
    etag: { supported: true },
    authenticationSchemes: [
      {
        type: "oauthbearertoken",
        name: "Bearer token",
        description: "A provisioning token made under Settings, Single sign-on",
        primary: true,
      },
    ],
    meta: { resourceType: "ServiceProviderConfig", location: `${base}/ServiceProviderConfig` },
  };
}

export function resourceTypes(base: string) {
  const type = (name: string, endpoint: string, schema: string) => ({
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
    id: name,
    name,
    endpoint,
    schema,
    meta: { resourceType: "ResourceType", location: `${base}/ResourceTypes/${name}` },
  });
  return listOf([type("User", "/Users", schemas.user), type("Group", "/Groups", schemas.group)]);
}

export function schemaList(base: string) {
  const attribute = (name: string, type = "string", more: object = {}) => ({
    name,
    type,
    multiValued: false,
    required: false,
    caseExact: false,
    mutability: "readWrite",
    returned: "default",
    uniqueness: "none",
    ...more,
  });
  const schema = (id: string, name: string, attributes: object[]) => ({
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
    id,
    name,
    attributes,
    meta: { resourceType: "Schema", location: `${base}/Schemas/${id}` },
  });
  const reference = [attribute("value"), attribute("display", "string", { mutability: "readOnly" })];
  return listOf([
    schema(schemas.user, "User", [
      attribute("userName", "string", { required: true, uniqueness: "server" }),
      attribute("externalId", "string", { caseExact: true }),
      attribute("name", "complex", { subAttributes: [attribute("givenName"), attribute("familyName")] }),
      attribute("emails", "complex", {
        multiValued: true,
        subAttributes: [attribute("value"), attribute("type"), attribute("primary", "boolean")],
      }),
      attribute("active", "boolean"),
      attribute("groups", "complex", { multiValued: true, mutability: "readOnly", subAttributes: reference }),
    ]),
    schema(schemas.group, "Group", [
      attribute("displayName", "string", { required: true, uniqueness: "server" }),
      attribute("externalId", "string", { caseExact: true }),
      attribute("members", "complex", { multiValued: true, subAttributes: reference }),
    ]),
  ]);
}

export function listOf(resources: readonly object[], total = resources.length, startIndex = 1) {
  return {
    schemas: [schemas.list],
    totalResults: total,
    startIndex,
    itemsPerPage: resources.length,
    Resources: resources,
  };
}

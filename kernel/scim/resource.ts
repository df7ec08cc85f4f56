import { cleanEmail } from "../identity/person.ts";
import { scimProblem, unfit } from "./error.ts";
import { plainPath } from "./filter.ts";

export const schemas = {
  user: "urn:ietf:params:scim:schemas:core:2.0:User",
  group: "urn:ietf:params:scim:schemas:core:2.0:Group",
  list: "urn:ietf:params:scim:api:messages:2.0:ListResponse",
  patch: "urn:ietf:params:scim:api:messages:2.0:PatchOp",
} as const;

/** What a directory may say of a person, in our words. A member that is undefined was not said. */
export type UserWish = {
  readonly userName?: string | undefined;
  readonly email?: string | undefined;
  readonly externalId?: string | null | undefined;
  readonly givenName?: string | null | undefined;
  readonly familyName?: string | null | undefined;
  readonly active?: boolean | undefined;
};

type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Names of attributes are the same in any case (RFC 7643, 2.1). */
export function memberOf(value: Json, name: string): unknown {
  const key = Object.keys(value).find((each) => each.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : value[key];
}

/** Reads a whole user, as POST and PUT send one. */
export function readUser(body: Json): UserWish {
  const name = memberOf(body, "name");
  const names = isObject(name) ? name : {};
  return {
    userName: text(memberOf(body, "userName"), "userName", 254),
    email: emailIn(memberOf(body, "emails")),
    externalId: text(memberOf(body, "externalId"), "externalId", 200) ?? null,
    givenName: text(memberOf(names, "givenName"), "givenName", 200) ?? null,
    familyName: text(memberOf(names, "familyName"), "familyName", 200) ?? null,
    active: truth(memberOf(body, "active")),
  };
}

/** One operation of a PATCH on a user (RFC 7644, 3.5.2), as Okta (without a path) and Entra ID (with one) write it. */
export function readUserChange(operation: Json): UserWish {
  const path = memberOf(operation, "path");
  const value = memberOf(operation, "value");
  const op = String(memberOf(operation, "op")).toLowerCase();
  if (!["add", "replace", "remove"].includes(op)) throw unfit("An operation is add, replace or remove.");
  if (typeof path !== "string" || path === "") {
    if (!isObject(value) || op === "remove") throw scimProblem.path_unknown({ values: { path: "(none)" } });
    return Object.assign({}, ...Object.entries(value).map(([name, each]) => changeAt(name, each, op)));
  }
  return changeAt(path, value, op);
}

/** What is not kept here (titles, telephones) is passed over: a directory sends all it has. */
function changeAt(path: string, value: unknown, op: string): UserWish {
  const removed = op === "remove";
  switch (plainPath(path)) {
    case "active":
      return { active: removed ? false : truth(value) };
    case "username":
      return { userName: text(value, "userName", 254) };
    case "externalid":
      return { externalId: removed ? null : text(value, "externalId", 200) };
    case "name.givenname":
      return { givenName: removed ? null : text(value, "givenName", 200) };
    case "name.familyname":
      return { familyName: removed ? null : text(value, "familyName", 200) };
    case "name":
      return isObject(value)
        ? {
            givenName: text(memberOf(value, "givenName"), "givenName", 200),
            familyName: text(memberOf(value, "familyName"), "familyName", 200),
          }
        : {};
    case "emails":
    case "emails.value":
      return { email: typeof value === "string" ? emailOf(value) : emailIn(value) };
    case "id":
    case "groups":
    case "meta":
    case "schemas":
      throw scimProblem.path_unknown({ values: { path: path.slice(0, 60) } });
    default:
      return {};
  }
}

export function text(value: unknown, name: string, most: number): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string" || value.length > most) throw unfit(`${name} is a text of at most ${most} characters.`);
  return value.trim() === "" ? undefined : value.trim();
}

/** Entra ID writes "True" and "False". Anything unclear is refused: read as true, somebody who left would stay. */
function truth(value: unknown): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "boolean") return value;
  const word = typeof value === "string" ? value.toLowerCase() : "";
  if (word !== "true" && word !== "false") throw unfit("active is true or false.");
  return word === "true";
}

function emailIn(value: unknown): string | undefined {
  if (!Array.isArray(value)) return undefined;
  const all = value.filter(isObject);
  const chosen = all.find((each) => memberOf(each, "primary") === true) ?? all[0];
  const address = chosen && memberOf(chosen, "value");
  return typeof address === "string" ? emailOf(address) : undefined;
}

export function emailOf(value: string): string {
  const email = cleanEmail(value);
  if (email === undefined) throw unfit("The e-mail address can't be read.");
  return email;
}

import { DatabaseError } from "pg";
import { Type } from "typebox";
import { defineRoute, type Answer, type Route, type RouteRequest } from "../http/route.ts";
import { personForDirectory, renamePerson } from "../sso/person.ts";
import type { Sso } from "../sso/sso.ts";
import { Problem } from "../work/problem.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { listOf, resourceTypes, schemaList, serviceProviderConfig } from "./description.ts";
import { scimError, scimProblem, unfit } from "./error.ts";
import { readFilter } from "./filter.ts";
import {
  changeGroup,
  createGroup,
  deleteGroup,
  groupOf,
  listGroups,
  readGroup,
  readGroupChange,
  type ScimGroup,
} from "./group.ts";
import { isObject, memberOf, readUser, readUserChange, schemas, type UserWish } from "./resource.ts";
import { directoryOf } from "./token.ts";
import {
  changeUser,
  createUser,
  deleteUser,
  listUsers,
  userOf,
  wishedEmail,
  type ScimUser,
  type Writer,
} from "./user.ts";

const idParams = Type.Object({ id: Type.String({ format: "uuid" }) });
/** A directory sends all it knows; what is not kept here is passed over (RFC 7644, 3.3). */
const resource = Type.Unknown();
const media = "application/scim+json; charset=utf-8";
const mostListed = 200;
const mostOperations = 1000;
/** What a transaction of a directory is entered for; the token stands for nobody, the server acts. */
const permission = "kernel.people.change";

type Directory = {
  readonly tenantId: string;
  readonly by: Writer;
  work<T>(run: (tx: Tx) => Promise<T>): Promise<T>;
};

/** SCIM 2.0: users and groups of one workspace, by its own token (RFC 7644). */
export function scimRoutes(sso: Sso): Route[] {
  const { kernel } = sso;
  const base = `${sso.origin}/scim/v2`;

  /** Lets the directory in by its token, and tells refusals in the words of SCIM. */
  const answer = async (request: RouteRequest, step: (directory: Directory) => Promise<Answer>): Promise<Answer> => {
    const token = /^Bearer (sc_[\w-]{43})$/.exec(request.raw.headers.authorization ?? "")?.[1];
    // Thrown as it is: the server counts refused credentials by address.
    if (token === undefined) throw scimProblem.token_refused();
    const { tenantId, tokenId } = await directoryOf(kernel, token, request.source);
    const work: Directory["work"] = (run) => kernel.door.work(kernel.system(tenantId, request.source), permission, run);
    try {
      return { type: media, ...(await step({ tenantId, by: { tokenId }, work })) };
    } catch (error) {
      const problem = problemOf(error);
      return { status: problem.status, type: media, body: scimError(problem) };
    }
  };
  const userBody = (user: ScimUser) => {
    const location = `${base}/Users/${user.id}`;
    return {
      schemas: [schemas.user],
      id: user.id,
      ...(user.externalId === null ? {} : { externalId: user.externalId }),
      userName: user.userName,
      name: { givenName: user.givenName ?? "", familyName: user.familyName ?? "" },
      emails: [{ value: user.email, type: "work", primary: true }],
      active: user.active,
      groups: user.groups.map((group) => ({
        value: group.id,
        display: group.name,
        $ref: `${base}/Groups/${group.id}`,
      })),
      meta: metaOf("User", location, user),
    };
  };
  const groupBody = (group: ScimGroup) => {
    const location = `${base}/Groups/${group.id}`;
    return {
      schemas: [schemas.group],
      id: group.id,
      ...(group.externalId === null ? {} : { externalId: group.externalId }),
      displayName: group.displayName,
      members: group.members.map((member) => ({
        value: member.id,
        display: member.name,
        $ref: `${base}/Users/${member.id}`,
      })),
      meta: metaOf("Group", location, group),
    };
  };
  const userAnswer = (user: ScimUser, status = 200): Answer => ({
    status,
    body: userBody(user),
    headers: { etag: `W/"${user.version}"`, ...(status === 201 ? { location: `${base}/Users/${user.id}` } : {}) },
  });
  const groupAnswer = (group: ScimGroup, status = 200): Answer => ({
    status,
    body: groupBody(group),
    headers: { etag: `W/"${group.version}"`, ...(status === 201 ? { location: `${base}/Groups/${group.id}` } : {}) },
  });
  const writeUser = async (directory: Directory, id: string, wish: UserWish, version?: number): Promise<Answer> => {
    const { before, user, userId } = await directory.work(async (tx) => {
      const known = await userOf(tx, id);
      await changeUser(tx, directory.by, id, wish, version);
      return { before: known.email, user: await userOf(tx, id), userId: await userIdOf(tx, id) };
    });
    if (before !== user.email && userId !== undefined) {
      await renamePerson(kernel, { userId, tenantId: directory.tenantId, email: user.email });
    }
    return userAnswer(user);
  };
  const shared = { tag: "scim", permission: "public", takes: "scim" } as const;
  const described = (path: string, summary: string, body: () => object) =>
    defineRoute({
      ...shared,
      method: "GET",
      path,
      summary,
      anyQuery: true,
      answers: { 200: media },
      handle: (request) => answer(request, async () => ({ body: body() })),
    });

  return [
    described("/scim/v2/ServiceProviderConfig", "What this SCIM server can do", () => serviceProviderConfig(base)),
    described("/scim/v2/ResourceTypes", "Kinds of SCIM resources", () => resourceTypes(base)),
    described("/scim/v2/Schemas", "Shapes of SCIM resources", () => schemaList(base)),
    defineRoute({
      ...shared,
      method: "GET",
      path: "/scim/v2/Users",
      summary: "Users of the workspace's directory",
      anyQuery: true,
      answers: { 200: media },
      handle: (request) =>
        answer(request, async ({ work }) => {
          const { filter, paging } = listed(request.query);
          const { total, users } = await work((tx) => listUsers(tx, filter, paging));
          return { body: listOf(users.map(userBody), total, paging.startIndex) };
        }),
    }),
    defineRoute({
      ...shared,
      method: "POST",
      path: "/scim/v2/Users",
      summary: "Create a user: a member of the workspace",
      body: resource,
      answers: { 201: media },
      handle: (request) =>
        answer(request, async (directory) => {
          const wish = readUser(objectOf(request.body));
          if (wish.userName === undefined) throw unfit("A user has a userName.");
          const email = await directory.work((tx) => wishedEmail(tx, wish));
          const name = [wish.givenName ?? "", wish.familyName ?? ""].join(" ");
          const userId = await personForDirectory(kernel, { tenantId: directory.tenantId, email, name });
          const user = await directory.work(async (tx) =>
            userOf(tx, await createUser(tx, directory.by, userId, email, wish)),
          );
          return userAnswer(user, 201);
        }),
    }),
    defineRoute({
      ...shared,
      method: "GET",
      path: "/scim/v2/Users/{id}",
      summary: "One user",
      params: idParams,
      anyQuery: true,
      answers: { 200: media },
      handle: (request) =>
        answer(request, async ({ work }) => userAnswer(await work((tx) => userOf(tx, request.params.id)))),
    }),
    defineRoute({
      ...shared,
      method: "PUT",
      path: "/scim/v2/Users/{id}",
      summary: "Replace a user",
      params: idParams,
      body: resource,
      answers: { 200: media },
      handle: (request) =>
        answer(request, (directory) =>
          writeUser(directory, request.params.id, readUser(objectOf(request.body)), versionOf(request)),
        ),
    }),
    defineRoute({
      ...shared,
      method: "PATCH",
      path: "/scim/v2/Users/{id}",
      summary: "Change a user; active false ends the membership with its sessions, keys and links",
      params: idParams,
      body: resource,
      answers: { 200: media },
      handle: (request) =>
        answer(request, (directory) => {
          const wish: UserWish = Object.assign({}, ...operationsOf(objectOf(request.body)).map(readUserChange));
          return writeUser(directory, request.params.id, wish, versionOf(request));
        }),
    }),
    defineRoute({
      ...shared,
      method: "DELETE",
      path: "/scim/v2/Users/{id}",
      summary: "Take a user out: the membership ends",
      params: idParams,
      answers: { 204: "" },
      handle: (request) =>
        answer(request, async ({ work, by }) => {
          await work((tx) => deleteUser(tx, by, request.params.id));
          return { status: 204 };
        }),
    }),
    defineRoute({
      ...shared,
      method: "GET",
      path: "/scim/v2/Groups",
      summary: "Groups of the workspace's directory",
      anyQuery: true,
      answers: { 200: media },
      handle: (request) =>
        answer(request, async ({ work }) => {
          const { filter, paging } = listed(request.query);
          const { total, groups } = await work((tx) => listGroups(tx, filter, paging));
          return { body: listOf(groups.map(groupBody), total, paging.startIndex) };
        }),
    }),
    defineRoute({
      ...shared,
      method: "POST",
      path: "/scim/v2/Groups",
      summary: "Create a group",
      body: resource,
      answers: { 201: media },
      handle: (request) =>
        answer(request, async ({ work, by }) => {
          const wish = readGroup(objectOf(request.body));
          return groupAnswer(await work(async (tx) => groupOf(tx, await createGroup(tx, by, wish))), 201);
        }),
    }),
    defineRoute({
      ...shared,
      method: "GET",
      path: "/scim/v2/Groups/{id}",
      summary: "One group",
      params: idParams,
      anyQuery: true,
      answers: { 200: media },
      handle: (request) =>
        answer(request, async ({ work }) => groupAnswer(await work((tx) => groupOf(tx, request.params.id)))),
    }),
    defineRoute({
      ...shared,
      method: "PUT",
      path: "/scim/v2/Groups/{id}",
      summary: "Replace a group",
      params: idParams,
      body: resource,
      answers: { 200: media },
      handle: (request) =>
        answer(request, async ({ work, by }) => {
          const { id } = request.params;
          const wish = readGroup(objectOf(request.body));
          await work((tx) => changeGroup(tx, by, id, wish, versionOf(request)));
          return groupAnswer(await work((tx) => groupOf(tx, id)));
        }),
    }),
    defineRoute({
      ...shared,
      method: "PATCH",
      path: "/scim/v2/Groups/{id}",
      summary: "Change a group or its members",
      params: idParams,
      body: resource,
      answers: { 200: media },
      handle: (request) =>
        answer(request, async ({ work, by }) => {
          const { id } = request.params;
          const version = versionOf(request);
          const wishes = operationsOf(objectOf(request.body)).map(readGroupChange);
          await work(async (tx) => {
            for (const [index, wish] of wishes.entries()) {
              await changeGroup(tx, by, id, wish, index === 0 ? version : undefined);
            }
          });
          return groupAnswer(await work((tx) => groupOf(tx, id)));
        }),
    }),
    defineRoute({
      ...shared,
      method: "DELETE",
      path: "/scim/v2/Groups/{id}",
      summary: "Delete a group",
      params: idParams,
      answers: { 204: "" },
      handle: (request) =>
        answer(request, async ({ work, by }) => {
          await work((tx) => deleteGroup(tx, by, request.params.id));
          return { status: 204 };
        }),
    }),
  ];
}

function metaOf(
  resourceType: string,
  location: string,
  of: { createdAt: Date; updatedAt: Date; version: number },
): Record<string, unknown> {
  return {
    resourceType,
    created: of.createdAt,
    lastModified: of.updatedAt,
    location,
    version: `W/"${of.version}"`,
  };
}

/** Filter and page of a list (RFC 7644, 3.4.2): numbers out of range are brought into it, as the RFC asks. */
function listed(asked: unknown) {
  const said = isObject(asked) ? asked : {};
  const number = (name: string, fallback: number) => {
    const value = memberOf(said, name);
    return typeof value === "string" && /^-?\d{1,9}$/.test(value) ? Number(value) : fallback;
  };
  const filter = memberOf(said, "filter");
  if (filter !== undefined && (typeof filter !== "string" || filter.length > 1000)) {
    throw scimProblem.filter_unreadable({ values: { reason: "its length" } });
  }
  return {
    filter: filter === undefined || filter.trim() === "" ? [] : readFilter(filter),
    paging: {
      startIndex: Math.max(1, number("startIndex", 1)),
      count: Math.min(mostListed, Math.max(0, number("count", 100))),
    },
  };
}

function objectOf(body: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(body)) throw unfit("A resource is a JSON object.");
  return body;
}

function operationsOf(body: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>[] {
  const operations = memberOf(body, "Operations");
  if (!Array.isArray(operations) || operations.length === 0 || operations.length > mostOperations) {
    throw unfit("A PATCH has a list of Operations.");
  }
  return operations.map((each) => {
    if (!isObject(each)) throw unfit("An operation is an object.");
    return each;
  });
}

/** The version named by If-Match; a directory need not name one. */
function versionOf(request: RouteRequest): number | undefined {
  const named = request.raw.headers["if-match"];
  if (named === undefined || named === "*") return undefined;
  const version = /^(?:W\/)?"(\d{1,9})"$/.exec(named)?.[1];
  if (version === undefined) throw scimProblem.stale();
  return Number(version);
}

async function userIdOf(tx: Tx, id: string): Promise<string | undefined> {
  const row = await tx.first(
    query
      .selectFrom("kernel.scim_user")
      .innerJoin("kernel.membership", (join) =>
        join
          .onRef("kernel.membership.id", "=", "kernel.scim_user.membership_id")
          .onRef("kernel.membership.tenant_id", "=", "kernel.scim_user.tenant_id"),
      )
      .select("kernel.membership.user_id")
      .where("kernel.scim_user.id", "=", id),
  );
  return row?.user_id;
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  // Two requests of one directory at once: the database let one of them through.
  if (error instanceof DatabaseError && error.code === "23505") {
    return scimProblem.taken({ values: { what: "This resource" }, cause: error });
  }
  throw error;
}

import { Type } from "typebox";
import { defineRoute, type Route } from "../http/route.ts";
import type { Kernel } from "../kernel.ts";
import { csvOf } from "../record/csv.ts";
import { changeCustomRole, deleteRole, listCustomRoles, makeRole } from "./custom-role.ts";
import { declaredRoles, givable, permissionsOf, schemaOf, type AccessApp } from "./declared.ts";
import { accessProblem } from "./error.ts";
import { accessLines, accessOf } from "./matrix.ts";
import { memberRoleRows, setAccess } from "./member-role.ts";
import { missing } from "./reason.ts";
import { noRole, platformRoles } from "./role.ts";
import { shareRoutes } from "./share-route.ts";

const readPeople = "kernel.people.read";
const read = "kernel.access.read";
const changePeople = "kernel.people.change";
const changeRoles = "kernel.role.change";

const permissionName = Type.String({ pattern: "^[a-z][a-z_]*(\\.[a-z][a-z_]*)+$", maxLength: 120 });
const roleBody = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 80, pattern: "\\S" }),
    description: Type.String({ maxLength: 500 }),
    permissions: Type.Array(permissionName, { minItems: 1, maxItems: 300 }),
  },
  { additionalProperties: false },
);
const idParams = Type.Object({ id: Type.String({ format: "uuid" }) });

/** Roles of the workspace and its apps, who has which, and "who can do what, and why" (ACC-01). */
export function accessRoutes(kernel: Kernel, apps: readonly AccessApp[]): Route[] {
  return [...matrixRoutes(kernel, apps), ...roleRoutes(kernel, apps), ...shareRoutes(kernel)];
}

function appList(apps: readonly AccessApp[]) {
  return apps.map((app) => ({
    id: schemaOf(app),
    title: app.title,
    roles: [
      ...Object.entries(app.roles ?? {}).map(([id, { title, about, permissions }]) => ({
        id,
        title,
        about,
        permissions,
      })),
      { id: noRole, title: "No access", about: "Sees nothing of this app.", permissions: [] },
    ],
  }));
}

function matrixRoutes(kernel: Kernel, apps: readonly AccessApp[]): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/access",
      summary: "Who can do what, and why: people, keys and links with every permission they hold",
      tag: "access",
      permission: read,
      query: Type.Object({ format: Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("csv")])) }),
      answers: {
        200: Type.Object({
          principals: Type.Array(Type.Unknown()),
          permissions: Type.Array(Type.Unknown()),
          apps: Type.Array(Type.Unknown()),
        }),
      },
      handle: async (request) => {
        const access = await kernel.door.work(request.credential, read, async (tx) => {
          const found = await accessOf(tx);
          if (request.query.format === "csv") await tx.record({ action: "kernel.access.export" });
          else kernel.access.read(tx.who, read, request.source, "kernel.membership");
          return found;
        });
        if (request.query.format === "csv") {
          const columns = ["kind", "name", "email", "actsFor", "app", "permission", "why", "until", "id"];
          return {
            body: csvOf(columns, accessLines(access)),
            type: "text/csv; charset=utf-8",
            headers: { "content-disposition": 'attachment; filename="access.csv"' },
          };
        }
        const { principals, permissions } = access;
        return { body: { principals, permissions, apps: appList(apps) } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/access/explain",
      summary: "Why a member may do one thing, or why not and what would give it",
      tag: "access",
      permission: read,
      query: Type.Object({ member: Type.String({ format: "uuid" }), permission: permissionName }),
      answers: {
        200: Type.Object({
          allowed: Type.Boolean(),
          why: Type.Array(Type.Unknown()),
          blockedBy: Type.Union([Type.String(), Type.Null()]),
          givenBy: Type.Array(Type.String()),
        }),
      },
      handle: async (request) => {
        const { member, permission } = request.query;
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          const access = await accessOf(tx);
          const roles = access.rolesOf.get(member);
          const principal = access.principals.find((each) => each.id === member && each.kind === "member");
          if (roles === undefined || principal === undefined)
            throw accessProblem.role_unknown({ values: { role: "of that member" } });
          if (!access.permissions.some((each) => each.id === permission))
            throw accessProblem.permission_unknown({ values: { permission } });
          kernel.access.read(tx.who, read, request.source, "kernel.membership", member);
          // The answer is the door's; the chain explains it.
          const allowed = (await permissionsOf(tx, member)).has(permission);
          const why = principal.holds.find((each) => each.permission === permission)?.why ?? [];
          return { allowed, why, ...missing(roles, permission, access.declared, access.customRoles) };
        });
        return { body };
      },
    }),
  ];
}

function roleRoutes(kernel: Kernel, apps: readonly AccessApp[]): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/roles",
      summary: "Roles of the platform, of each app and of this workspace, and the permissions they are made of",
      tag: "access",
      permission: readPeople,
      answers: {
        200: Type.Object({
          platform: Type.Array(Type.Unknown()),
          apps: Type.Array(Type.Unknown()),
          custom: Type.Array(Type.Unknown()),
          permissions: Type.Array(Type.String()),
          yours: Type.Array(Type.String()),
          members: Type.Record(Type.String(), Type.Unknown()),
        }),
      },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, readPeople, async (tx) => {
          const declared = await declaredRoles(tx);
          const may = givable(declared);
          const members: Record<string, { apps: Record<string, string>; customRoles: string[] }> = {};
          for (const row of (await memberRoleRows(tx)).filter((each) => each.deleted_at === null)) {
            const own = (members[row.membership_id] ??= { apps: {}, customRoles: [] });
            if (row.app !== null && row.role !== null) own.apps[row.app] = row.role;
            if (row.custom_role_id !== null) own.customRoles.push(row.custom_role_id);
          }
          kernel.access.read(tx.who, readPeople, request.source, "kernel.custom_role");
          return {
            platform: platformRoles.map((id) => ({ id, permissions: [...(declared.get(id) ?? [])].toSorted() })),
            apps: appList(apps),
            custom: await listCustomRoles(tx),
            permissions: [...may].toSorted(),
            yours: [...(await permissionsOf(tx, tx.who.actorId))].toSorted(),
            members,
          };
        });
        return { body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/roles",
      summary: "Make a role of this workspace's own",
      tag: "access",
      permission: changeRoles,
      body: roleBody,
      answers: { 201: Type.Object({ id: Type.String() }) },
      handle: async (request) => ({
        status: 201,
        body: { id: await kernel.door.work(request.credential, changeRoles, (tx) => makeRole(tx, request.body)) },
      }),
    }),
    defineRoute({
      method: "PUT",
      path: "/api/roles/{id}",
      summary: "Change a role of this workspace, for everybody who has it",
      tag: "access",
      permission: changeRoles,
      params: idParams,
      body: roleBody,
      answers: { 200: Type.Object({ version: Type.Integer() }) },
      handle: async (request) => {
        const version = await kernel.door.work(request.credential, changeRoles, (tx) =>
          changeCustomRole(tx, request.params.id, request.version, request.body),
        );
        return { body: { version }, headers: { etag: `"${version}"` } };
      },
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/roles/{id}",
      summary: "End a role of this workspace",
      tag: "access",
      permission: changeRoles,
      params: idParams,
      answers: { 204: "" },
      handle: async (request) => {
        await kernel.door.work(request.credential, changeRoles, (tx) => deleteRole(tx, request.params.id));
        return { status: 204 };
      },
    }),
    defineRoute({
      method: "PUT",
      path: "/api/people/{id}/access",
      summary: "Set a member's roles in apps and their custom roles",
      tag: "people",
      permission: changePeople,
      params: idParams,
      body: Type.Object(
        {
          apps: Type.Record(
            Type.String({ pattern: "^[a-z][a-z_]{0,39}$" }),
            Type.Union([Type.String({ pattern: "^[a-z][a-z-]{0,39}$" }), Type.Null()]),
          ),
          customRoles: Type.Array(Type.String({ format: "uuid" }), { maxItems: 50 }),
        },
        { additionalProperties: false },
      ),
      answers: { 204: "" },
      handle: async (request) => {
        const known = new Set(apps.map(schemaOf));
        const stranger = Object.keys(request.body.apps).find((app) => !known.has(app));
        if (stranger !== undefined) throw accessProblem.role_unknown({ values: { role: stranger } });
        await kernel.door.work(request.credential, changePeople, (tx) =>
          setAccess(tx, request.params.id, request.body),
        );
        return { status: 204 };
      },
    }),
  ];
}

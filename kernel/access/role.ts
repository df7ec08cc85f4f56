import { createHmac, type KeyObject } from "node:crypto";
import { Client, type ClientConfig } from "pg";

/** Roles every workspace has (ACC-01). What each may do comes from the declarations of the kernel and the apps. */
export const platformRoles = ["owner", "admin", "member"] as const;
export type PlatformRole = (typeof platformRoles)[number];
/** permission → the roles that hold it. A permission without a role is nobody's. */
export type Grants = Readonly<Record<string, readonly PlatformRole[]>>;

/** A role inside one app: a member has one in each app, by default the one their platform role gives. */
export type AppRole = { readonly title: string; readonly about: string; readonly permissions: readonly string[] };
export type AppRoles = Readonly<Record<string, AppRole>>;
/** Of somebody from outside whom an app invites: they hold what apps give their guests, and nothing else. */
export const guestRole = "guest";
const guestPermission = /^[a-z_]+\.portal\.[a-z_]+$/;
/** In every app: nothing at all. */
export const noRole = "none";

/** The grants of an app whose platform roles stand for one of its own roles each. */
export function grantsOf<R extends AppRoles>(roles: R, defaults: Readonly<Record<PlatformRole, keyof R>>): Grants {
  const grants: Record<string, PlatformRole[]> = {};
  for (const platform of platformRoles) {
    for (const permission of roles[defaults[platform]]?.permissions ?? []) (grants[permission] ??= []).push(platform);
  }
  return grants;
}

/** What an operator sees of a workspace that lets them in: how it stands, and what its apps show; they change nothing. */
const operatorMay = [
  "kernel.home.read",
  "kernel.job.read",
  "kernel.people.read",
  "kernel.policy.read",
  "kernel.ledger.read",
  "kernel.access.read",
];

/** Who may do what by kernel and apps: platform roles, and each app's own under `app.role`. */
export function declaredGrants(
  apps: readonly {
    readonly name: string;
    readonly grants: Grants;
    readonly roles?: AppRoles | undefined;
    readonly guest?: AppRole | undefined;
    readonly system?: readonly string[] | undefined;
  }[],
): Readonly<Record<string, readonly string[]>> {
  const all: Record<string, string[]> = {};
  const add = (permission: string, role: string) => (all[permission] ??= []).push(role);
  for (const grants of [kernelGrants, ...apps.map((app) => app.grants)]) {
    for (const [permission, roles] of Object.entries(grants)) for (const role of roles) add(permission, role);
  }
  for (const permission of operatorMay) add(permission, "operator");
  for (const app of apps) {
    for (const permission of app.system ?? []) add(permission, "system");
    for (const permission of Object.keys(app.grants)) if (permission.endsWith(".read")) add(permission, "operator");
    for (const permission of app.guest?.permissions ?? []) {
      if (!guestPermission.test(permission)) throw new Error(`${permission} confines nobody: it is not for guests.`);
      add(permission, guestRole);
    }
    for (const [name, role] of Object.entries(app.roles ?? {})) {
      for (const permission of role.permissions) add(permission, `${app.name.replaceAll("-", "_")}.${name}`);
    }
  }
  return all;
}

/** What the kernel's own pages and endpoints ask for. */
export const kernelGrants: Grants = {
  "kernel.home.read": ["owner", "admin", "member"],
  "kernel.job.read": ["owner", "admin", "member"],
  "kernel.people.read": ["owner", "admin", "member"],
  "kernel.people.change": ["owner", "admin"],
  "kernel.role.change": ["owner", "admin"],
  "kernel.access.read": ["owner", "admin"],
  "kernel.share.read": ["owner", "admin", "member"],
  "kernel.share.change": ["owner", "admin", "member"],
  "kernel.operator.grant": ["owner"],
  "kernel.review.read": ["owner", "admin"],
  "kernel.review.sign": ["owner", "admin"],
  "kernel.anomaly.read": ["owner", "admin"],
  "kernel.key.change": ["owner", "admin", "member"],
  "kernel.key.manage": ["owner", "admin"],
  "kernel.ledger.read": ["owner", "admin"],
  "kernel.ledger.export": ["owner", "admin"],
  "kernel.person.erase": ["owner"],
  "kernel.retention.read": ["owner", "admin"],
  "kernel.retention.change": ["owner"],
  "kernel.ledger.resume": ["owner"],
  "kernel.stream.read": ["owner", "admin"],
  "kernel.stream.change": ["owner", "admin"],
  "kernel.anchor.read": ["owner", "admin"],
  "kernel.anchor.change": ["owner", "admin"],
  "kernel.policy.read": ["owner", "admin", "member"],
  "kernel.policy.change": ["owner", "admin"],
  "kernel.sso.read": ["owner", "admin"],
  "kernel.sso.change": ["owner"],
  "kernel.workspace.freeze": ["owner", "admin"],
  "kernel.workspace.thaw": ["owner", "admin"],
  "kernel.file.open": ["owner", "admin", "member"],
  "kernel.signing.own": ["owner", "admin", "member"],
  "kernel.signing.verify": ["owner", "admin"],
  "kernel.outbox.read": ["owner", "admin"],
  "kernel.outbox.open": ["owner", "admin"],
};

/** What the server does in nobody's name: its credential is derived from the root key. */
export const systemPermissions = [
  "kernel.workspace.found",
  "kernel.access.note",
  "kernel.membership.accept",
  "kernel.session.note",
  "kernel.token.sign",
  "kernel.sso.sign_in",
  "kernel.sso.recheck",
  // A directory (SCIM) changes people in the workspace its token belongs to.
  "kernel.people.change",
  "kernel.probe",
  "kernel.across.read",
  "kernel.review.open",
  "kernel.stream.send",
  "kernel.anchor.send",
  "kernel.ledger.reconcile",
  "kernel.retention.run",
  "kernel.instance.change",
] as const;

/** The server's own credential token. */
export function systemToken(rootKey: KeyObject): string {
  return createHmac("sha256", rootKey).update("system-credential:server").digest("base64url");
}

/**
 * Writes who may do what into the database, where the door reads it: exactly the given grants, nothing older. Runs with
 * the set-up role after the migrations.
 */
export async function writeGrants(
  admin: ClientConfig,
  rootKey: KeyObject,
  grants: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  const every = Object.entries(grants).flatMap(([permission, roles]) => roles.map((role) => ({ role, permission })));
  const rows = every.filter(({ role }) => role !== "system");
  const own = every.filter(({ role }) => role === "system").map(({ permission }) => permission);
  const client = new Client(admin);
  await client.connect();
  try {
    await client.query("begin");
    await client.query("set local role probity_door");
    await client.query("select pg_advisory_xact_lock(7071, 4)");
    await client.query(
      `delete from kernel.role_permission p where not exists (
         select 1 from jsonb_to_recordset($1) as g (role text, permission text) where g.role = p.role and g.permission = p.permission)`,
      [JSON.stringify(rows)],
    );
    await client.query(
      "insert into kernel.role_permission (role, permission) select role, permission from jsonb_to_recordset($1) as g (role text, permission text) on conflict do nothing",
      [JSON.stringify(rows)],
    );
    await client.query(
      `insert into kernel.system_credential (name, secret_hash, permissions) values ('server', sha256(convert_to($1, 'UTF8')), $2)
       on conflict (name) do update set secret_hash = excluded.secret_hash, permissions = excluded.permissions`,
      [systemToken(rootKey), [...systemPermissions, ...own]],
    );
    await client.query("commit");
  } finally {
    await client.end();
  }
}

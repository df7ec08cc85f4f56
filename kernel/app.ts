import { noRole, type AppRole, type AppRoles, type Grants } from "./access/role.ts";
import type { MigrationFolder } from "./database/migrate.ts";
import type { Route } from "./http/route.ts";
import type { Round } from "./jobs/round.ts";
import type { JobHandler } from "./jobs/worker.ts";
import type { Kernel } from "./kernel.ts";
import type { RecordDeclaration } from "./record/define-record.ts";
import { recordRoutes } from "./record/route.ts";
import type { Tx } from "./work/door.ts";

/** One line of the home page: an act, its object, when, and why this person. */
export type HomeItem = {
  readonly urgency: "late" | "today" | "week" | "admin";
  readonly verb: string;
  readonly object: string;
  readonly detail: string;
  readonly reason: string;
  readonly href: string;
  readonly act: string;
};

/** One product on the platform: a folder, a schema, an address prefix, all of one name. */
export type App = {
  readonly name: string;
  readonly title: string;
  readonly migrations: MigrationFolder;
  /** permission → roles. What is not listed is nobody's. */
  readonly grants: Grants;
  /** The app's own roles (ACC-01): a member with one of them holds it in place of what their platform role grants here. */
  readonly roles?: AppRoles;
  /** What people from outside may do here: permissions `app.portal.act`, each of which confines its transaction to their rows. */
  readonly guest?: AppRole;
  readonly records: readonly RecordDeclaration[];
  /** Routes beyond those the records give. */
  readonly routes: (kernel: Kernel) => readonly Route[];
  /** Task name → what runs it. */
  readonly jobs: (kernel: Kernel) => Readonly<Record<string, JobHandler>>;
  /** What the server does of this app in nobody's name, in its rounds: permissions that no role holds. */
  readonly system?: readonly string[];
  /** What the server makes by itself again and again. */
  readonly rounds?: (kernel: Kernel) => readonly Round[];
  /** Lays sample data into a new workspace, in the transaction that founds it. */
  readonly furnish?: (tx: Tx) => Promise<void>;
  /** What in this app waits for the person who looks at their home page. */
  readonly home?: (tx: Tx, workspaceSlug: string) => Promise<HomeItem[]>;
};

/** Declares an app and checks that its parts carry its name. */
export function defineApp(app: App): App {
  const schema = app.name.replaceAll("-", "_");
  if (app.migrations.scope !== schema) throw new Error(`App ${app.name}: its schema must be ${schema}`);
  for (const permission of [...Object.keys(app.grants), ...(app.system ?? [])]) {
    if (!permission.startsWith(`${schema}.`))
      throw new Error(`App ${app.name}: permission ${permission} must start with ${schema}.`);
  }
  for (const [name, role] of Object.entries(app.roles ?? {})) {
    if (name === noRole || !/^[a-z][a-z-]{0,39}$/.test(name))
      throw new Error(`App ${app.name}: no role may be named ${name}`);
    for (const permission of role.permissions) {
      if (!Object.hasOwn(app.grants, permission))
        throw new Error(`App ${app.name}: role ${name} holds ${permission}, which the app does not grant`);
    }
  }
  return app;
}

/** Every route of an app: its records' first, then its own. */
export function appRoutes(kernel: Kernel, app: App): Route[] {
  return [
    ...app.records.flatMap((record) => (record.routes === false ? [] : recordRoutes(kernel, record))),
    ...app.routes(kernel),
  ];
}

import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { FreeCheck } from "../../apps/regulatory-docs/ui/free-check.tsx";
import { apps } from "./apps.ts";
import { Audit } from "./audit.tsx";
import { Frame } from "./frame.tsx";
import { Home } from "./home.tsx";
import { Invite } from "./invite.tsx";
import { Me } from "./me.tsx";
import { NotFound } from "./not-found.tsx";
import { route } from "./path.ts";
import { People } from "./people.tsx";
import { readQuery, writeQuery } from "./place.tsx";
import { PublicFrame } from "./public-frame.tsx";
import { Root } from "./root.tsx";
import { SetUp } from "./set-up.tsx";
import { SignInPage } from "./sign-in.tsx";
import { Trust } from "./trust.tsx";

const root = createRootRoute({ component: Root, notFoundComponent: NotFound });

const open = createRoute({ getParentRoute: () => root, id: "open", component: PublicFrame });
const openPages = [
  createRoute({ getParentRoute: () => open, path: route.root, component: FreeCheck }),
  createRoute({ getParentRoute: () => open, path: route.check, component: FreeCheck }),
  createRoute({ getParentRoute: () => open, path: route.signIn, component: SignInPage }),
  createRoute({ getParentRoute: () => open, path: route.setUp, component: SetUp }),
  createRoute({ getParentRoute: () => open, path: route.invite, component: Invite }),
  createRoute({ getParentRoute: () => open, path: route.trust, component: Trust }),
];

const inside = createRoute({ getParentRoute: () => root, id: "inside", component: Frame });
const insidePages = [
  createRoute({ getParentRoute: () => inside, path: route.me, component: Me }),
  createRoute({ getParentRoute: () => inside, path: route.workspace, component: Home }),
  createRoute({ getParentRoute: () => inside, path: route.home, component: Home }),
  createRoute({ getParentRoute: () => inside, path: route.audit, component: Audit }),
  createRoute({ getParentRoute: () => inside, path: route.people, component: People }),
  ...apps.flatMap((app) =>
    app.screens.map(({ path, screen }) => createRoute({ getParentRoute: () => inside, path, component: screen })),
  ),
];

/** Every page of the site. */
export const router = createRouter({
  routeTree: root.addChildren([open.addChildren(openPages), inside.addChildren(insidePages)]),
  parseSearch: readQuery,
  stringifySearch: writeQuery,
  defaultPreload: false,
});

import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { Skeleton } from "../kit/skeleton.tsx";
import { apps } from "./apps.ts";
import { Broken } from "./broken.tsx";
import { NotFound } from "./not-found.tsx";
import { route } from "./path.ts";
import { readQuery, writeQuery } from "./place.tsx";
import { PublicFrame } from "./public-frame.tsx";
import { Root } from "./root.tsx";

const root = createRootRoute({ component: Root, notFoundComponent: () => <NotFound /> });

// Each page is a file of its own, so that the first page fetches what it shows and no more.
const freeCheck = lazyRouteComponent(() => import("../../apps/regulatory-docs/ui/free-check.tsx"), "FreeCheck");
const signIn = lazyRouteComponent(() => import("./sign-in.tsx"), "SignInPage");
const forgot = lazyRouteComponent(() => import("./forgot.tsx"), "Forgot");
const reset = lazyRouteComponent(() => import("./reset.tsx"), "Reset");
const register = lazyRouteComponent(() => import("./register.tsx"), "Register");
const finish = lazyRouteComponent(() => import("./register-finish.tsx"), "FinishRegistration");
const confirm = lazyRouteComponent(() => import("./confirm.tsx"), "Confirm");
const elsewhere = lazyRouteComponent(() => import("./elsewhere-end.tsx"), "ElsewhereEnd");
const outbox = lazyRouteComponent(() => import("./outbox.tsx"), "Outbox");
const setUp = lazyRouteComponent(() => import("./set-up.tsx"), "SetUp");
const invite = lazyRouteComponent(() => import("./invite.tsx"), "Invite");
const certificate = lazyRouteComponent(() => import("../../apps/lab/ui/delivered.tsx"), "DeliveredCertificate");
const trust = lazyRouteComponent(() => import("./trust.tsx"), "Trust");
const frame = lazyRouteComponent(() => import("./frame.tsx"), "Frame");
const me = lazyRouteComponent(() => import("./me.tsx"), "Me");
const home = lazyRouteComponent(() => import("./home.tsx"), "Home");
const audit = lazyRouteComponent(() => import("./audit.tsx"), "Audit");
const people = lazyRouteComponent(() => import("./people.tsx"), "People");
const access = lazyRouteComponent(() => import("./access.tsx"), "Access");
const roles = lazyRouteComponent(() => import("./roles.tsx"), "Roles");
const retention = lazyRouteComponent(() => import("./retention.tsx"), "Retention");
const reviews = lazyRouteComponent(() => import("./reviews.tsx"), "Reviews");
const review = lazyRouteComponent(() => import("./review.tsx"), "Review");
const anomalies = lazyRouteComponent(() => import("./anomalies.tsx"), "Anomalies");
const operators = lazyRouteComponent(() => import("./operators.tsx"), "Operators");
const signing = lazyRouteComponent(() => import("./signing.tsx"), "Signing");
const ledger = lazyRouteComponent(() => import("./ledger.tsx"), "Ledger");
const streams = lazyRouteComponent(() => import("./ledger-streams.tsx"), "Streams");
const operatorEntry = lazyRouteComponent(() => import("./operator-entry.tsx"), "OperatorEntry");
const keys = lazyRouteComponent(() => import("./keys.tsx"), "Keys");
const sso = lazyRouteComponent(() => import("./sso.tsx"), "SingleSignOn");
const policy = lazyRouteComponent(() => import("./policy.tsx"), "Policy");

const open = createRoute({ getParentRoute: () => root, id: "open", component: PublicFrame });
const openPages = [
  createRoute({ getParentRoute: () => open, path: route.root, component: freeCheck }),
  createRoute({ getParentRoute: () => open, path: route.check, component: freeCheck }),
  createRoute({ getParentRoute: () => open, path: route.signIn, component: signIn }),
  createRoute({ getParentRoute: () => open, path: route.forgot, component: forgot }),
  createRoute({ getParentRoute: () => open, path: route.reset, component: reset }),
  createRoute({ getParentRoute: () => open, path: route.register, component: register }),
  createRoute({ getParentRoute: () => open, path: route.finish, component: finish }),
  createRoute({ getParentRoute: () => open, path: route.confirm, component: confirm }),
  createRoute({ getParentRoute: () => open, path: route.elsewhere, component: elsewhere }),
  createRoute({ getParentRoute: () => open, path: route.setUp, component: setUp }),
  createRoute({ getParentRoute: () => open, path: route.invite, component: invite }),
  createRoute({ getParentRoute: () => open, path: route.certificate, component: certificate }),
  createRoute({ getParentRoute: () => open, path: route.operatorEntry, component: operatorEntry }),
  createRoute({ getParentRoute: () => open, path: route.trust, component: trust }),
];

const inside = createRoute({ getParentRoute: () => root, id: "inside", component: frame });
const insidePages = [
  createRoute({ getParentRoute: () => inside, path: route.me, component: me }),
  createRoute({ getParentRoute: () => inside, path: route.workspace, component: home }),
  createRoute({ getParentRoute: () => inside, path: route.elsewhereInside, component: () => <NotFound inside /> }),
  createRoute({ getParentRoute: () => inside, path: route.home, component: home }),
  createRoute({ getParentRoute: () => inside, path: route.audit, component: audit }),
  createRoute({ getParentRoute: () => inside, path: route.retention, component: retention }),
  createRoute({ getParentRoute: () => inside, path: route.people, component: people }),
  createRoute({ getParentRoute: () => inside, path: route.keys, component: keys }),
  createRoute({ getParentRoute: () => inside, path: route.sso, component: sso }),
  createRoute({ getParentRoute: () => inside, path: route.policy, component: policy }),
  createRoute({ getParentRoute: () => inside, path: route.access, component: access }),
  createRoute({ getParentRoute: () => inside, path: route.roles, component: roles }),
  createRoute({ getParentRoute: () => inside, path: route.reviews, component: reviews }),
  createRoute({ getParentRoute: () => inside, path: route.review, component: review }),
  createRoute({ getParentRoute: () => inside, path: route.anomalies, component: anomalies }),
  createRoute({ getParentRoute: () => inside, path: route.operators, component: operators }),
  createRoute({ getParentRoute: () => inside, path: route.ledger, component: ledger }),
  createRoute({ getParentRoute: () => inside, path: route.streams, component: streams }),
  createRoute({ getParentRoute: () => inside, path: route.signing, component: signing }),
  createRoute({ getParentRoute: () => inside, path: route.outbox, component: outbox }),
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
  defaultErrorComponent: Broken,
  defaultPendingComponent: () => <Skeleton label="Fetching the page" />,
});

import type { Route } from "../http/route.ts";
import { scimRoutes } from "../scim/route.ts";
import { scimSettingsRoutes } from "../scim/settings-route.ts";
import { ssoSettingsRoutes } from "./settings-route.ts";
import { linkedRoutes } from "./linked-route.ts";
import { reauthenticateRoutes } from "./reauthenticate-route.ts";
import { ssoSignInRoutes } from "./sign-in-route.ts";
import type { Sso } from "./sso.ts";

/** Signing in elsewhere, its settings, and the directory that writes people here. */
export function ssoRoutes(sso: Sso): Route[] {
  return [
    ...ssoSignInRoutes(sso),
    ...linkedRoutes(sso),
    ...reauthenticateRoutes(sso),
    ...ssoSettingsRoutes(sso),
    ...scimSettingsRoutes(sso),
    ...scimRoutes(sso),
  ];
}

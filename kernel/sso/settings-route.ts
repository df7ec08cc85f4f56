import { Type, type Static } from "typebox";
import { defineRoute, type Route } from "../http/route.ts";
import { spendStepUp } from "../identity/step-up.ts";
import { workspaceSlug } from "../tenancy/lookup.ts";
import { browserSecret } from "./attempt.ts";
import {
  addConnection,
  changeConnection,
  connectionOf,
  enableConnection,
  listConnections,
  removeConnection,
  type ConnectionInput,
} from "./connection.ts";
import { addDomain, listDomains, removeDomain, verifyDomain } from "./domain.ts";
import { ssoProblem } from "./error.ts";
import { beginConnection } from "./flow.ts";
import { activeOwners, changeForce, comesInAlone, forceOf } from "./force.ts";
import { readOutside } from "./outside.ts";
import { readSamlMetadata } from "./saml-metadata.ts";
import { browserCookie } from "./attempt.ts";
import { addressesOf, type Sso } from "./sso.ts";

const read = "kernel.sso.read";
const change = "kernel.sso.change";
/** What opens a way in: a connection that is switched on, or one whose provider changes (IDN-10). */
const settle = "kernel.sso_connection.settle";
const idParams = Type.Object({ id: Type.String({ format: "uuid" }) });
const made = { 201: Type.Object({ id: Type.String() }) };

const connectionBody = Type.Object(
  {
    kind: Type.Union([Type.Literal("oidc"), Type.Literal("saml")]),
    name: Type.String({ minLength: 1, maxLength: 80 }),
    issuer: Type.String({ minLength: 1, maxLength: 500 }),
    clientId: Type.Optional(Type.String({ maxLength: 300 })),
    clientSecret: Type.Optional(Type.String({ maxLength: 1000 })),
    signInUrl: Type.Optional(Type.String({ maxLength: 1000 })),
    certificates: Type.Optional(Type.Array(Type.String({ maxLength: 20_000 }), { maxItems: 5 })),
    defaultRole: Type.Union([Type.Literal("admin"), Type.Literal("member")]),
    admitsNew: Type.Boolean(),
    trustsMfa: Type.Boolean(),
  },
  { additionalProperties: false },
);

/** Settings → Single sign-on: domains, connections, and whether people have to use them. */
export function ssoSettingsRoutes(sso: Sso): Route[] {
  const { kernel } = sso;
  return [
    defineRoute({
      method: "GET",
      path: "/api/sso",
      summary: "Single sign-on of the workspace: domains, connections, addresses for the identity provider",
      tag: "sso",
      permission: read,
      answers: {
        200: Type.Object({
          addresses: Type.Unknown(),
          domains: Type.Array(Type.Unknown()),
          connections: Type.Array(Type.Unknown()),
          force: Type.Unknown(),
          owners: Type.Array(Type.Unknown()),
        }),
      },
      handle: async (request) => {
        const { owners, ...body } = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "kernel.sso_connection");
          return {
            addresses: addressesOf(sso, tx.who.tenantId),
            domains: await listDomains(tx),
            connections: await listConnections(tx),
            force: await forceOf(tx),
            owners: await activeOwners(tx),
          };
        });
        const shown = owners.map(async ({ userId, ...owner }) => ({
          ...owner,
          comesInAlone: await comesInAlone(kernel.identityPool, userId),
        }));
        return { body: { ...body, owners: await Promise.all(shown) } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/sso/domains",
      summary: "Add a domain; it counts once its record is seen",
      tag: "sso",
      permission: change,
      body: Type.Object({ domain: Type.String({ minLength: 1, maxLength: 300 }) }, { additionalProperties: false }),
      answers: made,
      handle: async (request) => {
        const id = await kernel.door.work(request.credential, change, (tx) => addDomain(tx, request.body.domain));
        return { status: 201, body: { id } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/sso/domains/{id}/verify",
      summary: "Look for a domain's record and verify it",
      tag: "sso",
      permission: change,
      params: idParams,
      answers: { 204: "" },
      handle: async (request) => {
        await verifyDomain(kernel, request.credential, request.params.id, sso.lookup);
        return { status: 204 };
      },
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/sso/domains/{id}",
      summary: "Take a domain off the list",
      tag: "sso",
      permission: change,
      params: idParams,
      answers: { 204: "" },
      handle: async (request) => {
        await kernel.door.work(request.credential, change, (tx) => removeDomain(tx, request.params.id));
        return { status: 204 };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/sso/metadata",
      summary: "Read an identity provider's SAML metadata, pasted or by its address; nothing is stored",
      tag: "sso",
      permission: change,
      body: Type.Object(
        {
          xml: Type.Optional(Type.String({ maxLength: 250_000 })),
          url: Type.Optional(Type.String({ maxLength: 1000 })),
        },
        { additionalProperties: false },
      ),
      answers: {
        200: Type.Object({
          issuer: Type.String(),
          signInUrl: Type.String(),
          certificates: Type.Array(Type.String()),
        }),
      },
      handle: async (request) => {
        // May they, before anything is called for them.
        await kernel.door.work(request.credential, change, async () => undefined);
        const { xml, url } = request.body;
        return { body: readSamlMetadata(url ? await readOutside(url, sso.outside) : (xml ?? "")) };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/sso/connections",
      summary: "Add a connection, switched off",
      tag: "sso",
      permission: change,
      body: connectionBody,
      answers: made,
      handle: async (request) => {
        const input = inputOf(sso, request.body);
        const id = await kernel.door.work(request.credential, change, (tx) => addConnection(tx, kernel.keyring, input));
        return { status: 201, body: { id } };
      },
    }),
    defineRoute({
      method: "PUT",
      path: "/api/sso/connections/{id}",
      summary: "Change a connection; a secret that is not sent stays",
      tag: "sso",
      permission: change,
      params: idParams,
      body: connectionBody,
      answers: { 204: "" },
      handle: async (request) => {
        const wanted = { id: request.params.id, version: request.version, input: inputOf(sso, request.body) };
        await kernel.door.work(request.credential, change, async (tx) => {
          await spendStepUp(tx, request.raw, { action: settle, subject: wanted.id, told: wanted.input.name });
          await changeConnection(tx, kernel.keyring, wanted);
        });
        return { status: 204 };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/sso/connections/{id}/enable",
      summary: "Switch a connection on or off",
      tag: "sso",
      permission: change,
      params: idParams,
      body: Type.Object({ enabled: Type.Boolean() }, { additionalProperties: false }),
      answers: { 204: "" },
      handle: async (request) => {
        const { id } = request.params;
        const { enabled } = request.body;
        await kernel.door.work(request.credential, change, async (tx) => {
          const connection = await connectionOf(tx, id);
          if (connection === undefined) throw ssoProblem.connection_unknown();
          // Whoever the provider names is in from then on: somebody present opens that way, no key and no stolen cookie.
          if (enabled) await spendStepUp(tx, request.raw, { action: settle, subject: id, told: connection.name });
          await enableConnection(tx, id, enabled);
        });
        return { status: 204 };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/sso/connections/{id}/test",
      summary: "Try a connection in one's own browser; nobody is signed in by it",
      tag: "sso",
      permission: change,
      params: idParams,
      answers: { 200: Type.Object({ url: Type.String() }) },
      handle: async (request) => {
        const { tenantId, slug } = await kernel.door.work(request.credential, change, async (tx) => {
          if ((await connectionOf(tx, request.params.id)) === undefined) throw ssoProblem.connection_unknown();
          return { tenantId: tx.who.tenantId, slug: await workspaceSlug(tx) };
        });
        const https = sso.origin.startsWith("https:");
        const cookie = browserCookie(https);
        const browser = browserSecret(request.raw.cookies[cookie]);
        const url = await beginConnection(sso, {
          tenantId,
          connectionId: request.params.id,
          browser,
          target: `/w/${slug}/sso`,
          test: true,
          source: request.source,
        });
        return {
          body: { url },
          headers: {
            "set-cookie": `${cookie}=${browser}; Path=/; HttpOnly; SameSite=Lax${https ? "; Secure" : ""}; Max-Age=600`,
          },
        };
      },
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/sso/connections/{id}",
      summary: "End a connection",
      tag: "sso",
      permission: change,
      params: idParams,
      answers: { 204: "" },
      handle: async (request) => {
        await kernel.door.work(request.credential, change, (tx) => removeConnection(tx, request.params.id));
        return { status: 204 };
      },
    }),
    defineRoute({
      method: "PUT",
      path: "/api/sso/force",
      summary: "Require single sign-on of the verified domains, or lift that",
      tag: "sso",
      permission: change,
      body: Type.Object(
        {
          forced: Type.Boolean(),
          breakGlassId: Type.Union([Type.Null(), Type.String({ format: "uuid" })]),
        },
        { additionalProperties: false },
      ),
      answers: { 204: "" },
      handle: async (request) => {
        const { forced, breakGlassId } = request.body;
        if (forced) {
          const owners = await kernel.door.work(request.credential, change, activeOwners);
          const owner = owners.find(({ id }) => id === breakGlassId);
          if (owner === undefined) throw ssoProblem.break_glass_unfit();
          if (!(await comesInAlone(kernel.identityPool, owner.userId)))
            throw ssoProblem.break_glass_bare({ values: { name: owner.name } });
        }
        await kernel.door.work(request.credential, change, async (tx) => {
          await spendStepUp(tx, request.raw, { action: "kernel.sso.force", subject: forced ? "on" : "off" });
          await changeForce(tx, { forced, breakGlassId });
        });
        return { status: 204 };
      },
    }),
  ];
}

/** An issuer is called by this server: https, but for origins the operator trusts. */
function inputOf(sso: Sso, body: Static<typeof connectionBody>): ConnectionInput {
  if (body.kind === "oidc" && !(sso.outside.trustedOrigins ?? []).includes(originOf(body.issuer) ?? "")) {
    if (!body.issuer.startsWith("https://")) {
      throw ssoProblem.connection_incomplete({ values: { reason: "The issuer is an https address." } });
    }
  }
  return body;
}

function originOf(text: string): string | undefined {
  return URL.canParse(text) ? new URL(text).origin : undefined;
}

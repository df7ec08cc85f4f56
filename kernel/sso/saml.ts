import { randomBytes } from "node:crypto";
import { SAML, ValidateInResponseTo, type Profile, type SamlConfig } from "@node-saml/node-saml";
import type { SsoClaims } from "./attempt.ts";
import type { SsoConnection } from "./connection.ts";
import { ssoProblem } from "./error.ts";
import { verifySamlResponse, type SamlAssertion } from "./saml-verify.ts";
import { attribute, parseXml, refused } from "./xml.ts";

/** Who we are to one identity provider. */
export type SamlParty = {
  readonly connection: Pick<SsoConnection, "issuer" | "signInUrl" | "certificates">;
  /** Our entity id. */
  readonly entity: string;
  readonly acs: string;
};

const mostEncodedCharacters = 400_000;
const skewMs = 60_000;

/** Attributes that hold an address, by the names Okta and Entra ID use. */
const emailAttributes: readonly string[] = [
  "email",
  "mail",
  "emailaddress",
  "urn:oid:0.9.2342.19200300.100.1.3",
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
];
const nameAttributes: readonly string[] = [
  "displayName",
  "name",
  "http://schemas.microsoft.com/identity/claims/displayname",
];
const givenAttributes: readonly string[] = [
  "firstName",
  "givenName",
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
];
const familyAttributes: readonly string[] = [
  "lastName",
  "surname",
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
];
const methodAttribute = "http://schemas.microsoft.com/claims/authnmethodsreferences";
/** Contexts and methods that say a second factor was asked for. */
const strong: readonly string[] = [
  "https://refeds.org/profile/mfa",
  "http://schemas.microsoft.com/claims/multipleauthn",
  "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract",
  "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken",
];

/**
 * Begins: a request of our own (no answer without one is taken), sent by redirect. `again` asks whoever is signed in there
 * anew (SAML 2.0 Core, 3.4.1), under an id made of the nonce: the signed answer names it, and with it what it is for.
 */
export async function beginSaml(
  party: SamlParty,
  again?: { readonly nonce: string },
): Promise<{ secrets: Record<string, string>; url: (state: string) => Promise<string> }> {
  const requestId = `_${again?.nonce ?? randomBytes(20).toString("hex")}`;
  const saml = samlOf(party, requestId, again !== undefined);
  return {
    secrets: { requestId },
    url: (state) => saml.getAuthorizeUrlAsync(state, undefined, {}),
  };
}

/**
 * Who the identity provider speaks of. Our own check comes first and is what is believed; then the library judges the same
 * response by its own lights, and both must name the same person of the same assertion: a fault in one is not enough.
 */
export async function finishSaml(
  party: SamlParty,
  back: { response: string; secrets: Readonly<Record<string, string>>; now?: Date },
): Promise<{ claims: SsoClaims; assertion: SamlAssertion }> {
  const now = back.now ?? new Date();
  const requestId = back.secrets["requestId"] ?? "";
  const xml = decoded(back.response);
  const assertion = verifySamlResponse(xml, {
    issuer: party.connection.issuer,
    certificates: party.connection.certificates,
    audience: party.entity,
    acs: party.acs,
    inResponseTo: requestId,
    now,
  });
  await secondOpinion(party, requestId, back.response, assertion);
  const asked = { at: assertion.askedAt?.getTime() ?? null, made: assertion.issuedAt.getTime(), back: now.getTime() };
  return { claims: { ...claimsOf(assertion), asked }, assertion };
}

const roundingMs = 2_000;

/**
 * Whether the provider asked the person since they left us. Between asking and writing no more time went by there than
 * between leaving and coming back here. A response can be held back by whoever carries it, which widens that: so asking also
 * is no earlier than leaving by more than clocks may differ. No time, or that of a session it was content with, proves nothing.
 */
export function samlAskedSince(asked: SsoClaims["asked"], leftAt: number): boolean {
  if (asked === undefined || asked.at === null) return false;
  const { at, made, back } = asked;
  return made - at <= back - leftAt + roundingMs && at - made <= roundingMs && at >= leftAt - skewMs;
}

/** What an admin gives the identity provider: who we are and where we take its answers. */
export function samlMetadata(party: Pick<SamlParty, "entity" | "acs">): string {
  const saml = new SAML({ ...settings, idpCert: "MIIB", issuer: party.entity, callbackUrl: party.acs });
  return saml.generateServiceProviderMetadata(null);
}

const settings = {
  wantAssertionsSigned: true,
  // Entra ID signs the assertion alone; a response that is signed too is checked by us.
  wantAuthnResponseSigned: false,
  validateInResponseTo: ValidateInResponseTo.always,
  acceptedClockSkewMs: skewMs,
  // Which factor is asked for is the identity provider's policy.
  disableRequestedAuthnContext: true,
  identifierFormat: null,
  signatureAlgorithm: "sha256",
} as const satisfies Partial<SamlConfig>;

function samlOf(party: SamlParty, requestId: string, forceAuthn = false): SAML {
  const { connection, entity, acs } = party;
  return new SAML({
    ...settings,
    issuer: entity,
    audience: entity,
    callbackUrl: acs,
    entryPoint: connection.signInUrl ?? "",
    idpIssuer: connection.issuer,
    idpCert: [...connection.certificates],
    generateUniqueId: () => requestId,
    forceAuthn,
    // The attempt is the store: one request, one answer, taken once.
    cacheProvider: {
      saveAsync: async (_key, value) => ({ value, createdAt: Date.now() }),
      getAsync: async (key) => (key === requestId ? new Date().toISOString() : null),
      removeAsync: async (key) => key,
    },
  });
}

async function secondOpinion(
  party: SamlParty,
  requestId: string,
  response: string,
  assertion: SamlAssertion,
): Promise<void> {
  let profile: Profile | null;
  try {
    const judged = await samlOf(party, requestId).validatePostResponseAsync({ SAMLResponse: response });
    profile = judged.loggedOut ? null : judged.profile;
  } catch (error) {
    throw ssoProblem.answer_refused({ cause: error });
  }
  const agree =
    profile !== null &&
    profile.nameID === assertion.nameId &&
    profile.issuer === party.connection.issuer &&
    attribute(parseXml(profile.getAssertionXml?.() ?? ""), "ID") === assertion.id;
  if (!agree) throw refused("two readers, two answers");
}

function decoded(response: string): string {
  const bare = response.replaceAll(/\s/g, "");
  if (bare.length > mostEncodedCharacters || !/^[A-Za-z0-9+/]+={0,2}$/.test(bare)) throw refused("not base64");
  const bytes = Buffer.from(bare, "base64");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refused("not UTF-8");
  }
}

function claimsOf(assertion: SamlAssertion): SsoClaims {
  const first = (names: readonly string[]) => {
    for (const name of names) {
      const value = assertion.attributes.get(name)?.[0];
      if (value !== undefined && value !== "") return value;
    }
    return "";
  };
  const methods = [...assertion.contexts, ...(assertion.attributes.get(methodAttribute) ?? [])];
  return {
    subject: assertion.nameId,
    email: first(emailAttributes) || assertion.nameId,
    emailVerified: null,
    name: first(nameAttributes) || [first(givenAttributes), first(familyAttributes)].join(" ").trim(),
    multiFactor: methods.some((each) => strong.includes(each)),
  };
}

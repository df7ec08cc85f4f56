import { inflateRawSync } from "node:zlib";
import type { KeyObject } from "node:crypto";
import { SignedXml } from "xml-crypto";
import { makeCertificate } from "./certificate.ts";

const exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
const enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const rsaSha256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const sha256 = "http://www.w3.org/2001/04/xmlenc#sha256";

/** Everything a response says; a test changes one thing. */
export type SamlResponse = {
  issuer: string;
  audience: string;
  destination: string;
  recipient: string;
  inResponseTo: string;
  nameId: string;
  responseId: string;
  assertionId: string;
  notBefore: string;
  notOnOrAfter: string;
  confirmedUntil: string;
  issueInstant: string;
  /** When it asked; where it is missing, as it issued. Empty: it does not say. */
  authnInstant?: string;
  status: string;
  /** Attribute name → value. */
  attributes: Record<string, string>;
  context: string;
};

export type SignOptions = {
  readonly what?: "assertion" | "response";
  readonly key?: KeyObject;
  readonly method?: string;
  readonly digest?: string;
  readonly canonicalization?: string;
  readonly transforms?: readonly string[];
};

export type SamlProvider = {
  readonly entity: string;
  readonly signInUrl: string;
  readonly pem: string;
  readonly key: KeyObject;
  /** What a request asked for, answered for this person. */
  answer(
    url: string,
    nameId: string,
    more?: Partial<SamlResponse>,
  ): {
    response: SamlResponse;
    relayState: string;
    /** Whether the request asks for the person to be asked anew. */
    forced: boolean;
  };
  assertion(response: SamlResponse): string;
  envelope(response: SamlResponse, inside: string): string;
  sign(xml: string, id: string, options?: SignOptions): string;
  /** The response with its signed assertion, as XML. */
  signed(response: SamlResponse, options?: SignOptions): string;
};

/** An identity provider of our own: it writes and signs what it is told to. */
export function makeSamlProvider(name: string): SamlProvider {
  const { key, pem } = makeCertificate(name);
  const entity = `https://${name}.example/saml`;
  const provider: SamlProvider = {
    entity,
    signInUrl: `https://${name}.example/sso`,
    pem,
    key,
    answer: (url, nameId, more = {}) => {
      const asked = new URL(url).searchParams;
      const request = inflateRawSync(Buffer.from(asked.get("SAMLRequest") ?? "", "base64")).toString("utf8");
      const part = (pattern: RegExp) => pattern.exec(request)?.[1] ?? "";
      const acs = part(/AssertionConsumerServiceURL="([^"]+)"/);
      const at = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
      return {
        relayState: asked.get("RelayState") ?? "",
        forced: /<samlp:AuthnRequest [^>]*\bForceAuthn="true"/.test(request),
        response: {
          issuer: entity,
          audience: part(/<saml:Issuer[^>]*>([^<]+)</),
          destination: acs,
          recipient: acs,
          inResponseTo: part(/\bID="([^"]+)"/),
          nameId,
          responseId: `_r${crypto.randomUUID()}`,
          assertionId: `_a${crypto.randomUUID()}`,
          notBefore: at(-30),
          notOnOrAfter: at(300),
          confirmedUntil: at(300),
          issueInstant: at(0),
          status: "urn:oasis:names:tc:SAML:2.0:status:Success",
          attributes: {},
          context: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
          ...more,
        },
      };
    },
    assertion: writeAssertion,
    envelope: writeEnvelope,
    sign: (xml, id, options = {}) => signXml(xml, id, { key, ...options }),
    signed: (response, options = {}) => {
      const xml = writeEnvelope(response, writeAssertion(response));
      const id = options.what === "response" ? response.responseId : response.assertionId;
      return signXml(xml, id, { key, ...options });
    },
  };
  return provider;
}

function writeAssertion(response: SamlResponse): string {
  const asked = response.authnInstant ?? response.issueInstant;
  const instant = asked === "" ? "" : ` AuthnInstant="${asked}"`;
  const attributes = Object.entries(response.attributes)
    .map(
      ([name, value]) =>
        `<saml:Attribute Name="${name}"><saml:AttributeValue>${value}</saml:AttributeValue></saml:Attribute>`,
    )
    .join("");
  return (
    `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${response.assertionId}" Version="2.0" IssueInstant="${response.issueInstant}">` +
    `<saml:Issuer>${response.issuer}</saml:Issuer>` +
    `<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">${response.nameId}</saml:NameID>` +
    `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="${response.confirmedUntil}" Recipient="${response.recipient}" InResponseTo="${response.inResponseTo}"/></saml:SubjectConfirmation></saml:Subject>` +
    `<saml:Conditions NotBefore="${response.notBefore}" NotOnOrAfter="${response.notOnOrAfter}"><saml:AudienceRestriction><saml:Audience>${response.audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
    `<saml:AuthnStatement${instant}><saml:AuthnContext><saml:AuthnContextClassRef>${response.context}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
    (attributes === "" ? "" : `<saml:AttributeStatement>${attributes}</saml:AttributeStatement>`) +
    `</saml:Assertion>`
  );
}

function writeEnvelope(response: SamlResponse, inside: string): string {
  return (
    `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${response.responseId}" Version="2.0" IssueInstant="${response.issueInstant}" Destination="${response.destination}" InResponseTo="${response.inResponseTo}">` +
    `<saml:Issuer>${response.issuer}</saml:Issuer>` +
    `<samlp:Status><samlp:StatusCode Value="${response.status}"/></samlp:Status>` +
    `${inside}</samlp:Response>`
  );
}

function signXml(xml: string, id: string, options: SignOptions & { key: KeyObject }): string {
  const signer = new SignedXml({
    privateKey: options.key.export({ type: "pkcs8", format: "pem" }),
    signatureAlgorithm: options.method ?? rsaSha256,
    canonicalizationAlgorithm: options.canonicalization ?? exclusive,
  });
  const target = `//*[@ID='${id}']`;
  signer.addReference({
    xpath: target,
    transforms: [...(options.transforms ?? [enveloped, exclusive])],
    digestAlgorithm: options.digest ?? sha256,
  });
  signer.computeSignature(xml, {
    prefix: "ds",
    location: { reference: `${target}/*[local-name(.)='Issuer']`, action: "after" },
  });
  return signer.getSignedXml();
}

import type { SamlProvider, SamlResponse } from "./saml-provider.ts";

/** Makes a response that must be refused out of one that would be taken; `domain` is the workspace's. */
export type Forgery = (response: SamlResponse, domain: string) => string;

/** Ways in which a response can be wrong, each in one thing. */
export function forgedResponses(provider: SamlProvider, foreign: SamlProvider): [name: string, forge: Forgery][] {
  const later = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
  const sha1 = "http://www.w3.org/2000/09/xmldsig#";
  return [
    ["unsigned", (r) => provider.envelope(r, provider.assertion(r))],
    ["a signed response with an unsigned assertion", (r) => provider.signed(r, { what: "response" })],
    ["SHA-1 signature", (r) => provider.signed(r, { method: `${sha1}rsa-sha1` })],
    ["SHA-1 digest", (r) => provider.signed(r, { digest: `${sha1}sha1` })],
    ["signed by another tenant's provider", (r) => foreign.signed(r)],
    ["signed by another provider in its own name", (r) => foreign.signed({ ...r, issuer: foreign.entity })],
    ["another issuer under the right key", (r) => provider.signed({ ...r, issuer: foreign.entity })],
    ["another audience", (r) => provider.signed({ ...r, audience: "http://localhost/api/sso/saml/other/metadata" })],
    ["another recipient", (r) => provider.signed({ ...r, recipient: "https://evil.example/acs" })],
    ["another destination", (r) => provider.signed({ ...r, destination: "https://evil.example/acs" })],
    ["another request", (r) => provider.signed({ ...r, inResponseTo: "_another" })],
    ["expired two minutes ago", (r) => provider.signed({ ...r, notOnOrAfter: later(-120) })],
    ["confirmation expired two minutes ago", (r) => provider.signed({ ...r, confirmedUntil: later(-120) })],
    ["not valid for two minutes yet", (r) => provider.signed({ ...r, notBefore: later(120) })],
    ["issued in the future", (r) => provider.signed({ ...r, issueInstant: later(120) })],
    [
      "no time limits",
      (r) =>
        provider.sign(
          provider.envelope(r, provider.assertion(r).replace(/ NotBefore="[^"]*" NotOnOrAfter="[^"]*"/, "")),
          r.assertionId,
        ),
    ],
    [
      "no audience restriction",
      (r) =>
        provider.sign(
          provider.envelope(
            r,
            provider.assertion(r).replace(/<saml:AudienceRestriction>.*<\/saml:AudienceRestriction>/, ""),
          ),
          r.assertionId,
        ),
    ],
    [
      "no InResponseTo in the confirmation",
      (r) =>
        provider.sign(provider.envelope(r, provider.assertion(r).replace(/ InResponseTo="[^"]*"/, "")), r.assertionId),
    ],
    ["status of a failure", (r) => provider.signed({ ...r, status: "urn:oasis:names:tc:SAML:2.0:status:Responder" })],
    ["name changed after signing", (r, domain) => provider.signed(r).replace(r.nameId, `ceo@${domain}`)],
    ["a comment in the name", (r, domain) => provider.signed({ ...r, nameId: `ceo@${domain}<!-- -->.evil.example` })],
    ["a comment put into the name after signing", (r) => provider.signed(r).replace("@", "<!-- x -->@")],
    ["CDATA in the name", (r) => provider.signed(r).replace(r.nameId, `<![CDATA[${r.nameId}]]>`)],
    ["an instruction in the name", (r) => provider.signed(r).replace("@", "<?x y?>@")],
    ["an element in the name", (r) => provider.signed({ ...r, nameId: `${r.nameId}<saml:b/>` })],
    [
      "a document type with an entity",
      (r) => `<!DOCTYPE r [<!ENTITY e "ceo">]>${provider.signed(r).replace(r.nameId, "&e;@x.example")}`,
    ],
    [
      "a document type that fetches a file",
      (r) => `<?xml version="1.0"?><!DOCTYPE r SYSTEM "file:///etc/passwd">${provider.signed(r)}`,
    ],
    [
      "a billion laughs",
      (r) => `<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>${provider.signed(r)}`,
    ],
    [
      "an ID twice",
      (r) =>
        provider
          .signed(r)
          .replace(
            "<samlp:Status>",
            `<samlp:Extensions><x xmlns="urn:x" ID="${r.assertionId}"/></samlp:Extensions><samlp:Status>`,
          ),
    ],
    [
      "an ID twice under another spelling",
      (r) =>
        provider
          .signed(r)
          .replace(
            "<samlp:Status>",
            `<samlp:Extensions><x xmlns="urn:x" Id="${r.assertionId}"/></samlp:Extensions><samlp:Status>`,
          ),
    ],
    ["an empty reference", (r) => provider.signed(r).replace(`URI="#${r.assertionId}"`, 'URI=""')],
    [
      "a reference to the response",
      (r) => provider.signed(r).replace(`URI="#${r.assertionId}"`, `URI="#${r.responseId}"`),
    ],
    [
      "canonicalisation with comments",
      (r) => provider.signed(r, { canonicalization: "http://www.w3.org/2001/10/xml-exc-c14n#WithComments" }),
    ],
    [
      "inclusive canonicalisation",
      (r) =>
        provider.signed(r, {
          transforms: [
            "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
            "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
          ],
        }),
    ],
    [
      "no transforms",
      (r) => provider.signed(r).replace(/<ds:Transforms>.*?<\/ds:Transforms>/s, "<ds:Transforms></ds:Transforms>"),
    ],
    [
      "a transform that selects nothing",
      (r) =>
        provider
          .signed(r)
          .replace(
            /<ds:Transform Algorithm="http:\/\/www.w3.org\/2001\/10\/xml-exc-c14n#"\/?>(<\/ds:Transform>)?/,
            '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>',
          ),
    ],
    ["two SignedInfo", (r) => provider.signed(r).replace(/(<ds:SignedInfo>.*?<\/ds:SignedInfo>)/s, "$1$1")],
    ["a comment in the digest", (r) => provider.signed(r).replace("<ds:DigestValue>", "<ds:DigestValue><!--x-->")],
    [
      "two assertions, both signed",
      (r) => {
        const second = { ...r, assertionId: `${r.assertionId}b` };
        const xml = provider.envelope(r, provider.assertion(r) + provider.assertion(second));
        return provider.sign(provider.sign(xml, r.assertionId), second.assertionId);
      },
    ],
    [
      "an assertion of another namespace beside it",
      (r) =>
        provider
          .signed(r)
          .replace("<samlp:Status>", '<samlp:Extensions><Assertion xmlns="urn:x"/></samlp:Extensions><samlp:Status>'),
    ],
    ["another root", (r) => provider.signed(r).replaceAll("samlp:Response", "samlp:ArtifactResponse")],
    ["two roots", (r) => `${provider.signed(r)}<x/>`],
    [
      "deep nesting",
      (r) =>
        provider
          .signed(r)
          .replace(
            "<samlp:Status>",
            `<samlp:Extensions>${"<x>".repeat(500)}${"</x>".repeat(500)}</samlp:Extensions><samlp:Status>`,
          ),
    ],
    [
      "a LogoutRequest",
      (r) =>
        provider.sign(
          `<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${r.responseId}" Version="2.0" IssueInstant="${r.issueInstant}" Destination="${r.destination}"><saml:Issuer>${r.issuer}</saml:Issuer><saml:NameID>${r.nameId}</saml:NameID></samlp:LogoutRequest>`,
          r.responseId,
        ),
    ],
    ["not XML", () => "hello"],
    ["nothing", () => ""],
  ];
}

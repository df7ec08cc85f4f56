import { SignedXml } from "xml-crypto";
import {
  attribute,
  childrenOf,
  elementsOf,
  isNamed,
  named,
  namespaces,
  only,
  parseXml,
  refused,
  textOf,
} from "./xml.ts";

const { protocol, assertion: saml, signature: dsig, exclusive } = namespaces;

/** SHA-1 and HMAC are not among them (RFC 9231; NIST SP 800-131A). */
const signatureMethods: readonly string[] = [
  "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
  "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
];
const digestMethods: readonly string[] = [
  "http://www.w3.org/2001/04/xmlenc#sha256",
  "http://www.w3.org/2001/04/xmlenc#sha512",
];
const enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const success = "urn:oasis:names:tc:SAML:2.0:status:Success";
const bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const skewMs = 60_000;

export type SamlExpectation = {
  /** Entity id of the identity provider. */
  readonly issuer: string;
  /** Its signing certificates, PEM. */
  readonly certificates: readonly string[];
  /** Our entity id. */
  readonly audience: string;
  /** Where we take responses. */
  readonly acs: string;
  /** Id of the request this must answer: an answer nobody asked for is refused. */
  readonly inResponseTo: string;
  readonly now: Date;
};

export type SamlAssertion = {
  readonly id: string;
  readonly nameId: string;
  readonly nameIdFormat: string;
  /** Until when it could be shown again. */
  readonly endsAt: Date;
  readonly contexts: readonly string[];
  /** When the provider wrote it, and when it asked the person (of several times the earliest), by its own clock. */
  readonly issuedAt: Date;
  readonly askedAt: Date | null;
  readonly attributes: ReadonlyMap<string, readonly string[]>;
};

/**
 * Judges a SAML response before any library acts on it. One parser reads it; there is exactly one assertion, where it
 * belongs; its signature signs that very assertion and nothing else, by an algorithm and transforms from a short list,
 * with a certificate the workspace named; and everything that is believed is read from the bytes whose digest was
 * verified, never from the document around them. That closes signature wrapping by construction: what is not signed is
 * not looked at, but to refuse more.
 */
export function verifySamlResponse(xml: string, expected: SamlExpectation): SamlAssertion {
  const response = parseXml(xml);
  const elements = elementsOf(response);
  if (!isNamed(response, protocol, "Response")) throw refused("no response");
  checkEnvelope(response, expected);
  const assertions = elements.filter((each) => each.localName === "Assertion");
  const [assertion] = assertions;
  if (assertion === undefined || assertions.length !== 1 || assertion.parentNode !== response) {
    throw refused("not exactly one assertion");
  }
  if (!isNamed(assertion, saml, "Assertion")) throw refused("an assertion of another namespace");
  if (elements.some((each) => each.localName.startsWith("Encrypted"))) throw refused("something encrypted");
  const signatures = elements.filter((each) => each.localName === "Signature");
  if (signatures.some((each) => each.parentNode !== assertion && each.parentNode !== response)) {
    throw refused("a signature out of place");
  }
  // The response's own signature is no stand-in for the assertion's, but a wrong one is no good sign.
  const outer = named(response, dsig, "Signature");
  if (signatures.length !== outer.length + 1 || outer.length > 1) throw refused("not one signature");
  for (const signature of outer) verifiedBytes(xml, response, signature, expected.certificates);
  const bytes = verifiedBytes(xml, assertion, only(assertion, dsig, "Signature"), expected.certificates);
  const verified = parseXml(bytes);
  if (!isNamed(verified, saml, "Assertion") || attribute(verified, "ID") !== attribute(assertion, "ID")) {
    throw refused("something else was signed");
  }
  return readAssertion(verified, expected);
}

/** Checks one signature over its own parent; gives the bytes that were digested. */
function verifiedBytes(xml: string, parent: Element, signature: Element, certificates: readonly string[]): string {
  const id = attribute(parent, "ID");
  if (id === undefined || !/^[A-Za-z_][\w.-]{0,255}$/.test(id)) throw refused("no ID");
  const parts = childrenOf(signature).map((each) => each.localName);
  if (!/^SignedInfo,SignatureValue(,KeyInfo)?$/.test(parts.join(","))) throw refused("parts of a signature");
  const info = only(signature, dsig, "SignedInfo");
  const infoParts = childrenOf(info).map((each) => each.localName);
  if (infoParts.join(",") !== "CanonicalizationMethod,SignatureMethod,Reference") throw refused("parts of SignedInfo");
  algorithm(only(info, dsig, "CanonicalizationMethod"), [exclusive]);
  algorithm(only(info, dsig, "SignatureMethod"), signatureMethods);
  const reference = only(info, dsig, "Reference");
  if (attribute(reference, "URI") !== `#${id}`) throw refused("a reference elsewhere");
  if (
    childrenOf(reference)
      .map((each) => each.localName)
      .join(",") !== "Transforms,DigestMethod,DigestValue"
  ) {
    throw refused("parts of a reference");
  }
  algorithm(only(reference, dsig, "DigestMethod"), digestMethods);
  textOf(only(reference, dsig, "DigestValue"));
  textOf(only(signature, dsig, "SignatureValue"));
  const transforms = named(only(reference, dsig, "Transforms"), dsig, "Transform");
  if (transforms.map((each) => attribute(each, "Algorithm")).join(" ") !== `${enveloped} ${exclusive}`) {
    throw refused("other transforms");
  }
  for (const certificate of certificates) {
    // The certificate inside the message is whoever's who wrote it: only the workspace's own are tried.
    const check = new SignedXml({ publicCert: certificate, getCertFromKeyInfo: () => null });
    try {
      check.loadSignature(signature);
      if (!check.checkSignature(xml)) continue;
    } catch {
      continue;
    }
    const [bytes, ...more] = check.getSignedReferences();
    // Nothing canonicalised is nothing signed: an empty digest is the same for every document.
    if (bytes === undefined || more.length > 0 || bytes.trim() === "") throw refused("nothing signed");
    return bytes;
  }
  throw refused("a signature that does not fit");
}

function algorithm(element: Element, allowed: readonly string[]): void {
  const name = attribute(element, "Algorithm");
  if (name === undefined || !allowed.includes(name)) throw refused(`the algorithm ${name ?? "none"}`);
}

/** The envelope may be unsigned: nothing in it is believed, and it must not contradict. */
function checkEnvelope(response: Element, expected: SamlExpectation): void {
  if (attribute(response, "Version") !== "2.0") throw refused("another version");
  if (attribute(response, "Destination") !== expected.acs) throw refused("another destination");
  if (attribute(response, "InResponseTo") !== expected.inResponseTo) throw refused("an answer to nothing asked");
  const [issuer, ...more] = named(response, saml, "Issuer");
  if (more.length > 0 || (issuer !== undefined && textOf(issuer) !== expected.issuer)) throw refused("another issuer");
  const code = only(only(response, protocol, "Status"), protocol, "StatusCode");
  if (attribute(code, "Value") !== success) throw refused("no success");
}

function readAssertion(assertion: Element, expected: SamlExpectation): SamlAssertion {
  const now = expected.now.getTime();
  if (attribute(assertion, "Version") !== "2.0") throw refused("another version");
  if (textOf(only(assertion, saml, "Issuer")) !== expected.issuer) throw refused("another issuer");
  const issued = timeOf(assertion, "IssueInstant");
  if (issued > now + skewMs) throw refused("issued in the future");
  const subject = only(assertion, saml, "Subject");
  const nameId = only(subject, saml, "NameID");
  const value = textOf(nameId);
  if (value === "" || value.length > 400) throw refused("no name");
  const confirmed = confirmedUntil(subject, expected);
  const conditions = only(assertion, saml, "Conditions");
  if (timeOf(conditions, "NotBefore") > now + skewMs) throw refused("not yet");
  const notOnOrAfter = timeOf(conditions, "NotOnOrAfter");
  if (notOnOrAfter <= now - skewMs) throw refused("too late");
  for (const child of childrenOf(conditions)) {
    if (child.namespaceURI !== saml || !["AudienceRestriction", "OneTimeUse"].includes(child.localName)) {
      throw refused("a condition not known here");
    }
  }
  const restrictions = named(conditions, saml, "AudienceRestriction");
  // Several restrictions must all hold (SAML 2.0 Core, 2.5.1.4).
  const isForUs = (restriction: Element) =>
    named(restriction, saml, "Audience").some((each) => textOf(each) === expected.audience);
  if (restrictions.length === 0 || !restrictions.every(isForUs)) throw refused("another audience");
  const contexts = contextsOf(assertion, now);
  return {
    id: attribute(assertion, "ID") ?? "",
    nameId: value,
    nameIdFormat: attribute(nameId, "Format") ?? "",
    endsAt: new Date(Math.max(confirmed, notOnOrAfter)),
    contexts,
    issuedAt: new Date(issued),
    askedAt: askedAt(assertion),
    attributes: attributesOf(assertion),
  };
}

/** Bearer confirmation for us, for this request, and still good (SAML 2.0 Profiles, 4.1.4.2). */
function confirmedUntil(subject: Element, expected: SamlExpectation): number {
  const confirmation = only(subject, saml, "SubjectConfirmation");
  if (attribute(confirmation, "Method") !== bearer) throw refused("no bearer");
  const data = only(confirmation, saml, "SubjectConfirmationData");
  if (attribute(data, "Recipient") !== expected.acs) throw refused("another recipient");
  if (attribute(data, "InResponseTo") !== expected.inResponseTo) throw refused("an answer to nothing asked");
  if (data.hasAttribute("NotBefore")) throw refused("a bearer that is not yet good");
  const until = timeOf(data, "NotOnOrAfter");
  if (until <= expected.now.getTime() - skewMs) throw refused("too late");
  return until;
}

function contextsOf(assertion: Element, now: number): string[] {
  const statements = named(assertion, saml, "AuthnStatement");
  if (statements.length === 0) throw refused("no sign-in");
  return statements.flatMap((statement) => {
    if (statement.hasAttribute("SessionNotOnOrAfter") && timeOf(statement, "SessionNotOnOrAfter") <= now - skewMs) {
      throw refused("too late");
    }
    return named(statement, saml, "AuthnContext").flatMap((context) =>
      named(context, saml, "AuthnContextClassRef").map(textOf),
    );
  });
}

/** Every statement has to say its time (SAML 2.0 Core, 2.7.2); a sign-in does without, a fresh proof does not. */
function askedAt(assertion: Element): Date | null {
  const statements = named(assertion, saml, "AuthnStatement");
  if (statements.some((each) => !each.hasAttribute("AuthnInstant"))) return null;
  return new Date(Math.min(...statements.map((each) => timeOf(each, "AuthnInstant"))));
}

function attributesOf(assertion: Element): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const statement of named(assertion, saml, "AttributeStatement")) {
    for (const each of named(statement, saml, "Attribute")) {
      const name = attribute(each, "Name");
      // Said twice is said unclearly.
      if (name === undefined || found.has(name)) throw refused("an attribute twice");
      found.set(name, named(each, saml, "AttributeValue").map(plainText));
    }
  }
  return found;
}

/** Values with elements inside are of kinds nobody here reads. */
function plainText(value: Element): string {
  return childrenOf(value).length > 0 ? "" : textOf(value);
}

function timeOf(element: Element, name: string): number {
  const text = attribute(element, name) ?? "";
  // UTC alone (SAML 2.0 Core, 1.3.3).
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw refused(`no ${name}`);
  return time;
}

import type { SamlProvider, SamlResponse } from "./saml-provider.ts";

/**
 * The nine permutations of XML signature wrapping (Somorovsky et al., "On Breaking SAML", 2012, and one found since): each
 * keeps a true signature over a true assertion or response in the document, and puts another assertion where a careless
 * reader looks. Made anew from a response that is signed here, so that only the wrapping is wrong.
 */
export function wrappedResponses(
  provider: SamlProvider,
  response: SamlResponse,
  evilNameId: string,
): readonly (readonly [name: string, xml: string])[] {
  const evilId = "_evil_assertion_id";
  const evil = (id: string) => provider.assertion({ ...response, nameId: evilNameId, assertionId: id });
  const envelope = (inside: string) => provider.envelope(response, inside);
  const signed = provider.signed(response);
  const [original = ""] = /<saml:Assertion[\s\S]*<\/saml:Assertion>/.exec(signed) ?? [];
  const [signature = ""] = /<ds:Signature[\s\S]*<\/ds:Signature>/.exec(original) ?? [];
  const bare = original.replace(signature, "");
  const into = (xml: string, added: string) => xml.replace("</saml:Assertion>", `${added}</saml:Assertion>`);
  const afterIssuer = (xml: string, added: string) => xml.replace("</saml:Issuer>", `</saml:Issuer>${added}`);
  const inSignature = (added: string) => signature.replace("</ds:Signature>", `${added}</ds:Signature>`);

  const signedResponse = provider.signed(response, { what: "response" });
  const [outer = ""] = /<ds:Signature[\s\S]*?<\/ds:Signature>/.exec(signedResponse) ?? [];
  const bareResponse = signedResponse.replace(outer, "");
  const evilEnvelope = (inside: string) => provider.envelope({ ...response, responseId: "_evil_response_id" }, inside);
  return [
    [
      "1: the signed response inside the signature of another response",
      evilEnvelope(outer.replace("</ds:Signature>", `${bareResponse}</ds:Signature>`) + evil(response.assertionId)),
    ],
    [
      "2: the signed response beside its detached signature in another response",
      evilEnvelope(bareResponse + outer + evil(response.assertionId)),
    ],
    ["3: another assertion before the signed one", envelope(evil(evilId) + original)],
    ["4: the signed assertion inside another one", envelope(into(evil(evilId), original))],
    [
      "5: the signature moved into another assertion, the original after it",
      envelope(afterIssuer(evil(evilId), signature) + bare),
    ],
    [
      "6: the original inside the signature of another assertion",
      envelope(afterIssuer(evil(evilId), inSignature(bare))),
    ],
    [
      "7: another assertion of the same ID in an extension",
      envelope(`<samlp:Extensions>${evil(response.assertionId)}</samlp:Extensions>${original}`),
    ],
    [
      "8: the original in an Object of the signature of an assertion of the same ID",
      envelope(afterIssuer(evil(response.assertionId), inSignature(`<ds:Object>${bare}</ds:Object>`))),
    ],
    [
      "9: the signature moved into an assertion of a made-up ID",
      envelope(afterIssuer(evil("spoofed_assertion_id"), signature) + bare),
    ],
  ];
}

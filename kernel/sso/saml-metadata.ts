import { ssoProblem } from "./error.ts";
import { attribute, elementsOf, isNamed, named, namespaces, parseXml, textOf } from "./xml.ts";

const { metadata, signature } = namespaces;
const redirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";

/** What a connection needs from an identity provider's metadata. */
export type SamlMetadata = {
  readonly issuer: string;
  readonly signInUrl: string;
  readonly certificates: readonly string[];
};

/** One pass: a pattern would look for each beginning's end anew. A comment without its end is left for the parser to refuse. */
function withoutComments(text: string): string {
  const kept: string[] = [];
  let from = 0;
  for (;;) {
    const begins = text.indexOf("<!--", from);
    const ends = begins === -1 ? -1 : text.indexOf("-->", begins + 4);
    if (ends === -1) return kept.join("") + text.slice(from);
    kept.push(text.slice(from, begins));
    from = ends + 3;
  }
}

/** Reads the metadata an admin pasted or named the address of; comments and the like are taken out, it is no signed answer. */
export function readSamlMetadata(text: string): SamlMetadata {
  const missing = (reason: string) => ssoProblem.connection_incomplete({ values: { reason } });
  let root: Element;
  try {
    root = parseXml(withoutComments(text));
    elementsOf(root);
  } catch {
    throw missing("This is not the metadata of an identity provider.");
  }
  const issuer = attribute(root, "entityID");
  const [provider] = named(root, metadata, "IDPSSODescriptor");
  if (!isNamed(root, metadata, "EntityDescriptor") || issuer === undefined || provider === undefined) {
    throw missing("This is not the metadata of an identity provider.");
  }
  const service = named(provider, metadata, "SingleSignOnService").find(
    (each) => attribute(each, "Binding") === redirect,
  );
  const signInUrl = service && attribute(service, "Location");
  if (signInUrl === undefined) throw missing("The metadata names no sign-in address for the redirect binding.");
  const certificates = named(provider, metadata, "KeyDescriptor")
    .filter((each) => attribute(each, "use") !== "encryption")
    .flatMap((each) => named(each, signature, "KeyInfo"))
    .flatMap((each) => named(each, signature, "X509Data"))
    .flatMap((each) => named(each, signature, "X509Certificate"))
    .map(textOf);
  if (certificates.length === 0) throw missing("The metadata names no signing certificate.");
  return { issuer, signInUrl, certificates: [...new Set(certificates)].slice(0, 5) };
}

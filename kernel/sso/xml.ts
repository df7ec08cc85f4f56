import { DOMParser } from "@xmldom/xmldom";
import { ssoProblem } from "./error.ts";

export const namespaces = {
  protocol: "urn:oasis:names:tc:SAML:2.0:protocol",
  assertion: "urn:oasis:names:tc:SAML:2.0:assertion",
  metadata: "urn:oasis:names:tc:SAML:2.0:metadata",
  signature: "http://www.w3.org/2000/09/xmldsig#",
  exclusive: "http://www.w3.org/2001/10/xml-exc-c14n#",
} as const;

const limits = {
  characters: 256 * 1024,
  elements: 4000,
  depth: 40,
  attributes: 4000,
  namespaces: 200,
  prefixList: 200,
} as const;

/**
 * Parses XML of a stranger, or refuses it. What makes two readers see two things is refused in the text, before any
 * parser: document types and entities (XXE, billion laughs), comments and CDATA (they split a name), processing
 * instructions. Anything the parser would have mended is refused too.
 */
export function parseXml(text: string): Element {
  if (text.length > limits.characters) throw refused("too large");
  const bare = text.replace(/^\uFEFF?\s*<\?xml [^?<>]{0,100}\?>/, "").trim();
  if (/<[!?]/.test(bare)) throw refused("a document type, comment, CDATA section or instruction");
  // Only the five names of XML itself and characters by number, none of them a control character.
  if (/&(?!(?:amp|lt|gt|quot|apos|#\d{2,7}|#x[0-9a-fA-F]{2,6});)/.test(bare)) throw refused("an entity");
  // Counted in the text: canonical form looks at every namespace for every element, so a stranger's few are enough.
  if (count(bare, /=\s*["']/g) > limits.attributes) throw refused("too many attributes");
  if (count(bare, /\sxmlns/g) > limits.namespaces) throw refused("too many namespaces");
  if (count(bare, /</g) > 2 * limits.elements) throw refused("too many elements");
  for (const [list] of bare.matchAll(/PrefixList\s{0,20}=\s{0,20}["'][^"']{0,1000}/g))
    if (list.length > limits.prefixList) throw refused("too many prefixes");
  let broken = false;
  const mark = () => {
    broken = true;
  };
  const parser = new DOMParser({ errorHandler: { warning: mark, error: mark, fatalError: mark } });
  let root: Element | null;
  try {
    root = parser.parseFromString(bare, "text/xml").documentElement;
  } catch {
    throw refused("not XML");
  }
  if (broken || root === null) throw refused("not XML");
  // Text or a second element beside the root is something a lenient parser drops.
  if (root.ownerDocument.childNodes.length !== 1) throw refused("more than one root");
  return root;
}

function count(text: string, pattern: RegExp): number {
  let found = 0;
  for (const _ of text.matchAll(pattern)) found += 1;
  return found;
}

/** Every element of a tree, the root first. Refuses trees that are too large, too deep, or use one ID twice. */
export function elementsOf(root: Element): Element[] {
  const found: Element[] = [];
  const ids = new Set<string>();
  const queue: { element: Element; depth: number }[] = [{ element: root, depth: 1 }];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const { element, depth } = next;
    if (found.length === limits.elements || depth > limits.depth) throw refused("too many elements");
    found.push(element);
    for (const attribute of attributesOf(element)) {
      if (!/^id$/i.test(attribute.localName)) continue;
      if (ids.has(attribute.value)) throw refused("one ID twice");
      ids.add(attribute.value);
    }
    for (const child of childrenOf(element).toReversed()) queue.push({ element: child, depth: depth + 1 });
  }
  return found;
}

export function childrenOf(element: Element): Element[] {
  const found: Element[] = [];
  for (let node = element.firstChild; node !== null; node = node.nextSibling) {
    if (isElement(node)) found.push(node);
  }
  return found;
}

export function isNamed(element: Element, namespace: string, name: string): boolean {
  return element.namespaceURI === namespace && element.localName === name;
}

/** The children of this name. */
export function named(element: Element, namespace: string, name: string): Element[] {
  return childrenOf(element).filter((child) => isNamed(child, namespace, name));
}

/** The one child of this name; none or several are refused. */
export function only(element: Element, namespace: string, name: string): Element {
  const [first, ...more] = named(element, namespace, name);
  if (first === undefined || more.length > 0) throw refused(`not one ${name}`);
  return first;
}

/** The text of an element that holds text and nothing else. */
export function textOf(element: Element): string {
  let text = "";
  for (let node = element.firstChild; node !== null; node = node.nextSibling) {
    if (node.nodeType !== textNode) throw refused(`more than text in ${element.localName}`);
    text += node.nodeValue ?? "";
  }
  return text.trim();
}

/** An attribute without a namespace; undefined when it is not there. */
export function attribute(element: Element, name: string): string | undefined {
  return element.hasAttribute(name) ? (element.getAttribute(name) ?? undefined) : undefined;
}

export function refused(reason: string): Error {
  return ssoProblem.answer_refused({ cause: new Error(`SAML: ${reason}`) });
}

const elementNode = 1;
const textNode = 3;

function isElement(node: Node): node is Element {
  return node.nodeType === elementNode;
}

function attributesOf(element: Element): Attr[] {
  return Array.from({ length: element.attributes.length }, (_, index) => element.attributes.item(index)).filter(
    (each) => each !== null,
  );
}

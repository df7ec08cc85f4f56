import type { Tone } from "@probity/web/kit/status.ts";
import { apiPath, page } from "@probity/web/shell/path.ts";
import type { Verdict } from "./types.ts";

export type Standing = "draft" | "discarded" | "current" | "superseded" | "reopened";

export interface CertificateLine {
  id: string;
  number: string;
  standing: Standing;
  sampleId: string;
  sample: string;
  lot: string | null;
  product: string;
  customerId: string | null;
  customer: string | null;
  preparedAt: string;
  issuedAt: string | null;
  supersedes: string | null;
  supersedesId: string | null;
  reason: string | null;
  supersededById: string | null;
  supersededBy: string | null;
  supersededAt: string | null;
  supersededWhy: string | null;
  seal: string | null;
  verdict: Verdict;
}

export interface CertificateFile {
  format: "pdf" | "json";
  sha256: string;
  seal: string;
  proofs: number;
  sealedAt: string;
}

export interface Delivery {
  id: string;
  recipient: string;
  email: string;
  expiresAt: string;
  revokedAt: string | null;
  sentAt: string;
  sentBy: string | null;
  opened: number;
}

export interface Certificate extends CertificateLine {
  version: number;
  discardedReason: string | null;
  content: {
    template: { name: string; version: number; title: string; fourEyes: boolean };
    evaluations: {
      specification: string;
      number: number;
      verdict: Verdict;
      lines: { name: string; rule?: string; decision?: string }[];
    }[];
    investigations: { number: string; analyte: string }[];
    overrides?: { analyte: string; askedBy: string; confirmedBy: string }[];
    amends: { number: string; reason: string; changes: string[] } | null;
    stated?: { by: string; role: string; at: string };
  };
  files: CertificateFile[];
  chain: CertificateLine[];
  deliveries: Delivery[];
  may: string[];
}

export interface Template {
  title: string;
  laboratory: string;
  address: string[];
  columns: Column[];
  statements: string[];
  decimalMark: "." | ",";
  zone: string;
  fourEyes: boolean;
}
export type Column = "method" | "unit" | "limit" | "uncertainty" | "verdict";
export interface TemplateVersion {
  id: string;
  name: string;
  number: number;
  definition: Template;
  reason: string;
  at: string;
  by: string | null;
}

export interface Customer {
  id: string;
  version: number;
  code: string;
  name: string;
  address: string | null;
  remark: string | null;
  samples: string;
  certificates: string;
  contacts: string;
  /** Contacts who see its results here. */
  seeing: number;
}
export interface Contact {
  id: string;
  name: string;
  email: string;
  portal: "none" | "invited" | "lapsed" | "open" | "ended";
  since: string | null;
  /** Links to certificates that were sent to them and still open them. */
  links: number;
}
export interface EndedContact {
  id: string;
  name: string;
  email: string;
  endedAt: string;
  endedBy: string | null;
}

export const standingLook: Readonly<Record<Standing, { tone: Tone; word: string }>> = {
  draft: { tone: "planned", word: "draft, not signed" },
  discarded: { tone: "none", word: "discarded draft" },
  current: { tone: "sealed", word: "in force" },
  superseded: { tone: "gap", word: "superseded" },
  reopened: { tone: "partial", word: "sample reopened" },
};
export const portalLook: Readonly<Record<Contact["portal"], { tone: Tone; word: string }>> = {
  none: { tone: "none", word: "not invited" },
  invited: { tone: "planned", word: "invited" },
  lapsed: { tone: "partial", word: "invitation lapsed" },
  open: { tone: "covered", word: "sees own results" },
  ended: { tone: "none", word: "access ended" },
};
/** A verdict in a customer's words. */
export const conformity: Readonly<Record<Verdict, { tone: Tone; word: string }>> = {
  in: { tone: "covered", word: "complies" },
  warn: { tone: "partial", word: "complies, near the limit" },
  conditional: { tone: "partial", word: "complies, within the guard band" },
  out: { tone: "gap", word: "does not comply" },
  unclear: { tone: "none", word: "not decided" },
  none: { tone: "none", word: "no limit" },
};

export const certificateRoute = {
  list: "/w/$ws/lab/certificates",
  templates: "/w/$ws/lab/certificate-templates",
  one: "/w/$ws/lab/certificates/$id",
  customers: "/w/$ws/lab/customers",
  customer: "/w/$ws/lab/customers/$id",
  portal: "/w/$ws/lab/portal",
  portalSample: "/w/$ws/lab/portal/$id",
} as const;
const part = encodeURIComponent;
export const certificatePage = {
  list: (ws: string) => page.app(ws, "lab/certificates"),
  templates: (ws: string) => page.app(ws, "lab/certificate-templates"),
  one: (ws: string, id: string) => page.app(ws, `lab/certificates/${part(id)}`),
  customers: (ws: string) => page.app(ws, "lab/customers"),
  customer: (ws: string, id: string) => page.app(ws, `lab/customers/${part(id)}`),
  portal: (ws: string) => page.app(ws, "lab/portal"),
  portalSample: (ws: string, id: string) => page.app(ws, `lab/portal/${part(id)}`),
};

type Values = Record<string, string | number | undefined>;
export const certificateApi = {
  list: (values: Values = {}) => apiPath("lab", ["certificates"], values),
  one: (id: string, act?: string) =>
    apiPath("lab", act === undefined ? ["certificates", id] : ["certificates", id, act]),
  ofSample: (sampleId: string) => apiPath("lab", ["samples", sampleId, "certificates"]),
  revoke: (id: string) => apiPath("lab", ["deliveries", id, "revoke"]),
  delivered: (token: string, format?: "pdf" | "json") =>
    apiPath("lab", format === undefined ? ["delivered", token] : ["delivered", token, format]),
  templates: () => apiPath("lab", ["certificate-templates"]),
  preview: () => apiPath("lab", ["certificate-templates", "preview"]),
  customers: (values: Values = {}) => apiPath("lab", ["customers"], values),
  customer: (id: string, act?: string) =>
    apiPath("lab", act === undefined ? ["customers", id] : ["customers", id, act]),
  contact: (id: string, act: "invite" | "end" | "return") => apiPath("lab", ["contacts", id, act]),
  sampleCustomer: (id: string) => apiPath("lab", ["samples", id, "customer"]),
  portal: (values: Values = {}) => apiPath("lab", ["portal", "samples"], values),
  portalSample: (id: string) => apiPath("lab", ["portal", "samples", id]),
  portalFile: (id: string, format: "pdf" | "json") => apiPath("lab", ["portal", "certificates", id, format]),
};

/** What the ledger says of certificates and customers, in words. */
export const certificateWords: Readonly<Record<string, string>> = {
  "lab.certificate.prepare": "Certificate prepared",
  "lab.certificate.lock": "Certificate signed",
  "lab.certificate.seal": "Certificate sealed",
  "lab.certificate.discard": "Certificate draft discarded",
  "lab.certificate.open": "Certificate opened",
  "lab.certificate.export": "List of certificates exported",
  "lab.certificate_template.create": "Certificate template put in force",
  "lab.delivery.create": "Certificate sent by a link",
  "lab.delivery.open": "Certificate opened by a link",
  "lab.delivery.revoke": "Link to a certificate revoked",
  "lab.customer.create": "Customer created",
  "lab.customer.change": "Customer changed",
  "lab.contact.create": "Contact created",
  "lab.contact.invite": "Contact invited",
  "lab.contact.end": "Contact taken off",
  "lab.contact.return": "Contact put back",
  "lab.customer.export": "List of customers exported",
  "lab.sample.customer": "Customer of a sample set",
  "lab.portal.export": "List of samples exported by a customer",
};

/** Somebody's own words at the end of a sentence: with one full stop, theirs or ours. */
export function quoted(words: string | null): string {
  const said = (words ?? "").trim();
  return /[.!?…]$/.test(said) ? `“${said}”` : `“${said}”.`;
}

/** One mail, ready to leave: the same words as plain text and as HTML. */
export type Mail = {
  readonly template: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
};

/** A paragraph, or the one link a mail may have. */
export type MailPart = string | { readonly label: string; readonly url: string };

export type MailTemplate<V> = { readonly name: string; readonly compose: (values: V) => Mail };

/**
 * Declares a mail: its subject and its paragraphs, from which the plain text and the HTML are made. No pictures, nothing
 * fetched, nothing that tells whether it was read.
 */
export function defineMail<V>(
  name: string,
  build: (values: V) => { readonly subject: string; readonly parts: readonly MailPart[] },
): MailTemplate<V> {
  return {
    name,
    compose: (values) => {
      const { subject, parts } = build(values);
      // A line break in a subject would start another header (RFC 5322 §2.2).
      const line = subject.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ").trim();
      return { template: name, subject: line, text: plain(parts), html: markup(line, parts) };
    },
  };
}

/** A name as it stands in a sentence: one line, and never so long that it becomes a message of its own. */
export function spoken(name: string): string {
  const clean = name.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
  return clean.length > 80 ? `${clean.slice(0, 79)}…` : clean;
}

function plain(parts: readonly MailPart[]): string {
  return `${parts.map((part) => (typeof part === "string" ? part : `${part.label}:\n${part.url}`)).join("\n\n")}\n`;
}

const body = "font:16px/1.5 system-ui,sans-serif;color:#1d2426;max-width:36rem;margin:0 auto;padding:1.5rem";
const act =
  "display:inline-block;padding:.6rem 1rem;background:#14532d;color:#ffffff;text-decoration:none;border-radius:4px";

function markup(subject: string, parts: readonly MailPart[]): string {
  const paragraphs = parts.map((part) =>
    typeof part === "string"
      ? `<p>${escaped(part)}</p>`
      : `<p><a href="${escaped(part.url)}" style="${act}">${escaped(part.label)}</a></p><p style="color:#56605f;word-break:break-all">${escaped(part.url)}</p>`,
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escaped(subject)}</title></head><body style="${body}">${paragraphs.join("")}</body></html>`;
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (mark) => `&#${mark.codePointAt(0)};`);
}

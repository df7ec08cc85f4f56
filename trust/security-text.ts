const validDays = 90;

/**
 * The text of /.well-known/security.txt (RFC 9116). Contact is a URI (§2.5.3), so a plain address becomes mailto:. Without
 * one the file is served with a sentence saying so, and the control that proves it is degraded.
 */
export function securityText(options: { publicUrl: string; contact: string | undefined; now: Date }): string {
  const ends = new Date(options.now);
  ends.setUTCHours(0, 0, 0, 0);
  ends.setUTCDate(ends.getUTCDate() + validDays);
  return [
    ...(options.contact === undefined
      ? ["# No security contact is configured on this instance. Its operator has to set one."]
      : [`Contact: ${options.contact}`]),
    `Expires: ${ends.toISOString().replace(/\.\d+Z$/, "Z")}`,
    "Preferred-Languages: en",
    `Canonical: ${options.publicUrl}/.well-known/security.txt`,
    `Policy: ${options.publicUrl}/trust`,
    "",
  ].join("\n");
}

/** `security@example.org` → `mailto:security@example.org`; a URI stays what it is. */
export function contactUri(contact: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.test(contact) ? contact : `mailto:${contact}`;
}

/** Fields of a security.txt by lower-case name, in order. */
export function fieldsOf(text: string): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const line of text.split(/\r?\n/)) {
    const [, name, value] = /^([A-Za-z-]+):\s*(.+)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    fields.set(name.toLowerCase(), [...(fields.get(name.toLowerCase()) ?? []), value.trim()]);
  }
  return fields;
}

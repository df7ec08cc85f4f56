/**
 * Headers of every response (APP-01). The nonce is fresh for each page; API answers carry the strictest policy. `outside`
 * are the addresses of a service that the operator configured, for the pages that show it and no other. A page that does not
 * connect calls nobody, this server included, and sends no form.
 */
export function securityHeaders(options: {
  nonce?: string | undefined;
  https: boolean;
  outside?: readonly string[];
  connects?: boolean;
}): Record<string, string> {
  const outside = (options.outside ?? []).map((each) => ` ${each}`).join("");
  const connects = options.connects ?? true;
  const policy =
    options.nonce === undefined
      ? "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
      : [
          "default-src 'none'",
          `script-src 'self'${outside}`,
          `style-src 'self' 'nonce-${options.nonce}'${outside}`,
          ...(outside === "" ? [] : [`frame-src${outside}`]),
          "img-src 'self' data: blob:",
          "font-src 'self'",
          connects ? `connect-src 'self'${outside}` : "connect-src 'none'",
          "worker-src 'self'",
          "manifest-src 'self'",
          connects ? "form-action 'self'" : "form-action 'none'",
          "frame-ancestors 'none'",
          "base-uri 'none'",
        ].join("; ");
  return {
    "content-security-policy": policy,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    ...(options.https ? { "strict-transport-security": "max-age=31536000; includeSubDomains" } : {}),
  };
}

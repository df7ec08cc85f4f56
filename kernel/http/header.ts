/**
 * Headers of every response (APP-01). The nonce is fresh for each page; API answers carry the strictest policy. `outside`
 * are the addresses of a service that the operator configured, for the pages that show it and no other.
 */
export function securityHeaders(options: {
  nonce?: string | undefined;
  https: boolean;
  outside?: readonly string[];
}): Record<string, string> {
  const outside = (options.outside ?? []).map((each) => ` ${each}`).join("");
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
          `connect-src 'self'${outside}`,
          "worker-src 'self'",
          "manifest-src 'self'",
          "form-action 'self'",
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

import { setNonce } from "get-nonce";

/**
 * The nonce of this response's content security policy. The browser hides the attribute's text from
 * scripts, but the property is readable.
 */
export function readNonce(): string {
  const meta = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]');
  return meta?.nonce ?? "";
}

/** Hands the nonce to the scroll lock beneath dialogs, which writes a style element of its own. */
export function shareNonce(): void {
  const nonce = readNonce();
  if (nonce !== "") setNonce(nonce);
}

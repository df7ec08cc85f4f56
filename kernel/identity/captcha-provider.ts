/** A service that tells people from robots, asked from server to server ("siteverify"). */
export type CaptchaProvider = {
  readonly kind: "recaptcha" | "turnstile" | "hcaptcha";
  readonly siteKey: string;
  readonly secret: string;
  /** Another address than the service's own: a proxy of the operator's. */
  readonly url?: string | undefined;
};

/** Where each is asked, as its manual says. */
const addresses = {
  recaptcha: "https://www.google.com/recaptcha/api/siteverify",
  turnstile: "https://challenges.cloudflare.com/turnstile/v0/siteverify",
  hcaptcha: "https://api.hcaptcha.com/siteverify",
} as const satisfies Record<CaptchaProvider["kind"], string>;

const waitMs = 5_000;
/** reCAPTCHA v3 answers with a score from 0 to 1; its manual's own threshold. */
const minScore = 0.5;

/**
 * True when the service vouches for this answer, made on this host and (where it says so) for this act. Undefined when it
 * can't be reached: without its word nobody passes.
 */
export async function askProvider(
  provider: CaptchaProvider,
  asked: { act: string; answer: string; host: string; address: string | null },
): Promise<boolean | undefined> {
  const form = new URLSearchParams({ secret: provider.secret, response: asked.answer });
  if (asked.address !== null) form.set("remoteip", asked.address);
  if (provider.kind === "hcaptcha") form.set("sitekey", provider.siteKey);
  let verdict: unknown;
  try {
    const answer = await fetch(provider.url ?? addresses[provider.kind], {
      method: "POST",
      body: form,
      redirect: "error",
      signal: AbortSignal.timeout(waitMs),
    });
    if (!answer.ok) return undefined;
    verdict = await answer.json();
  } catch {
    return undefined;
  }
  const part = (name: string): unknown =>
    typeof verdict === "object" && verdict !== null ? Reflect.get(verdict, name) : undefined;
  // An answer of another site's page is worth nothing here, and one made for another act neither.
  if (part("success") !== true || part("hostname") !== asked.host) return false;
  if (provider.kind === "hcaptcha") return true;
  if (part("action") !== asked.act) return false;
  const score = part("score");
  return provider.kind === "turnstile" || (typeof score === "number" && score >= minScore);
}

import type { CaptchaConfig } from "@probity/kernel";

/** An address to send from: `name@example.com`, or `Name <name@example.com>`. */
export function isSender(text: string): boolean {
  return /^(?:[^<>"\r\n]{1,80}<[^\s@<>]{1,64}@[^\s@<>]{2,190}>|[^\s@<>]{1,64}@[^\s@<>]{2,190})$/u.test(text);
}

/** smtps://user:password@host:465, or smtp://host:587 (STARTTLS is demanded, except on this machine). */
export function isSmtpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname, search } = new URL(text);
  return /^smtps?:$/.test(protocol) && hostname !== "" && /^\/?$/.test(pathname) && search === "";
}

/** `proof`, or `turnstile:SITEKEY` and its like; the secret comes from a variable of its own. */
export function captchaOf(text: string, secret: string | undefined): CaptchaConfig | undefined {
  if (text === "proof") return { kind: "proof" };
  const [, kind, siteKey] = /^(recaptcha|turnstile|hcaptcha):([\w-]{10,100})$/.exec(text) ?? [];
  if (siteKey === undefined || secret === undefined) return undefined;
  if (kind === "recaptcha" || kind === "turnstile" || kind === "hcaptcha") return { kind, siteKey, secret };
  return undefined;
}

const rangeService = "https://api.pwnedpasswords.com/range";

/** `on` for the public service, or the https address of one's own that speaks its range protocol. */
export function breachedOf(text: string): string | undefined {
  if (text === "on") return rangeService;
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, username, search } = new URL(text);
  const loopback = ["127.0.0.1", "localhost", "[::1]"].includes(hostname);
  const safe = protocol === "https:" || (protocol === "http:" && loopback);
  return safe && username === "" && search === "" ? text : undefined;
}

/** `5/15`: attempts within minutes. There is no way to switch a limit off. */
export function accountLimitOf(text: string): { attempts: number; windowMinutes: number } | undefined {
  const [, attempts, minutes] = /^(\d{1,2})\/(\d{1,3})$/.exec(text) ?? [];
  const limit = { attempts: Number(attempts), windowMinutes: Number(minutes) };
  const fits = limit.attempts >= 1 && limit.attempts <= 20 && limit.windowMinutes >= 5 && limit.windowMinutes <= 240;
  return fits ? limit : undefined;
}

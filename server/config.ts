import { isIP } from "node:net";
import { resolve } from "node:path";
import {
  defaultAccountLimits,
  type AccountLimits,
  type CaptchaConfig,
  type SignerPlace,
  type SocialProvider,
} from "@probity/kernel";
import { accountLimitOf, breachedOf, captchaOf, isSender, isSmtpUrl } from "./account-config.ts";
import { isAddressRange } from "./address-range.ts";
import { distance } from "./edit-distance.ts";
import type { SealConfig } from "./seal.ts";
import {
  kmsAllowed,
  kmsOf,
  signerAllowed,
  signerOf,
  storageAllowed,
  storageOf,
  type KmsConfig,
  type StorageConfig,
} from "./place-config.ts";
import { originsOf, readSocial, socialVariables } from "./social-config.ts";

/** Everything an operator can set by environment variable, read and checked once. Holds secrets: never log it whole. */
export interface Config {
  /** TCP port to serve on. */
  readonly port: number;
  /** Address or host name to listen on. */
  readonly host: string;
  /** Absolute folder for the embedded database, files and keys. */
  readonly home: string;
  /** Public origin, without a trailing slash. */
  readonly url: string;
  /** External PostgreSQL, or undefined for the embedded one. */
  readonly databaseUrl: string | undefined;
  /** The same database without a pooler between, for worker and sequencer; the database's own URL when unset. */
  readonly databaseDirectUrl: string | undefined;
  /** Where files go. */
  readonly storage: StorageConfig;
  /** Who holds the root key. */
  readonly kms: KmsConfig;
  /** Addresses (CIDR allowed) of proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** Social sign-in that is offered; none unless configured. */
  readonly social: readonly SocialProvider[];
  /** Origins of identity providers that may lie in a private network. */
  readonly trustedOrigins: readonly string[];
  /** Whether the gap check without an account is offered. */
  readonly freeCheck: boolean;
  /** Whether pictures of text are read. */
  readonly ocr: boolean;
  readonly logLevel: LogLevel;
  /** Where weaknesses are reported: an e-mail address or an https address; undefined shows as such on the trust page. */
  readonly securityContact: string | undefined;
  /** The mail server and the sender; undefined keeps mails in the outbox. */
  readonly smtp: { readonly url: string; readonly from: string } | undefined;
  /** Whether anybody may open an account and a workspace. */
  readonly registration: boolean;
  /** Failed sign-ins and registrations of one address, each within its window. */
  readonly accountLimits: AccountLimits;
  /** The check against robots before registration and password reset. */
  readonly captcha: CaptchaConfig;
  /** A service that knows breached passwords by range; undefined asks nobody. */
  readonly breachedPasswords: string | undefined;
  /** Certificate and key for serving HTTPS ourselves; undefined behind a proxy that does. */
  readonly tls: TlsConfig | undefined;
  /** Who signs the log: a child that keeps its key and memory under `home`, or a signer that runs apart, at a Unix socket. */
  readonly logSigner: SignerPlace;
  /** Time-stamping authorities (RFC 3161), asked in this order; none stamps nothing. */
  readonly timestampUrls: readonly string[];
  /** A second port that leads browsers from http to https; only with `tls`. */
  readonly plainPort: number | undefined;
  /** What documents are sealed with. */
  readonly seal: SealConfig;
}

/** Files in PEM form, read at start and again when they change. */
export interface TlsConfig {
  readonly certFile: string;
  readonly keyFile: string;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
}

const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
/** pino's levels, least first. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One or more environment variables hold what they may not. The message names each, and shows no secret. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Every variable this process reads that bears our name; an unknown one is an error, since a typing slip would pass unseen. */
const KNOWN = [
  "PROBITY_BREACHED_PASSWORDS",
  "PROBITY_CAPTCHA",
  "PROBITY_CAPTCHA_SECRET",
  "PROBITY_MAIL_FROM",
  "PROBITY_REGISTRATION",
  "PROBITY_REGISTRATION_LIMIT",
  "PROBITY_SIGN_IN_LIMIT",
  "PROBITY_SMTP_URL",
  "PROBITY_FREE_CHECK",
  "PROBITY_HOME",
  "PROBITY_HOST",
  "PROBITY_KMS",
  "PROBITY_LOG_LEVEL",
  "PROBITY_LOG_SIGNER",
  "PROBITY_OCR",
  "PROBITY_PLAIN_PORT",
  "PROBITY_PORT",
  "PROBITY_SECURITY_CONTACT",
  "PROBITY_STORAGE",
  "PROBITY_TLS_CERT",
  "PROBITY_TLS_KEY",
  "PROBITY_TIMESTAMP_URLS",
  "PROBITY_TLS_MIN",
  "PROBITY_TRUSTED_ORIGINS",
  "PROBITY_TRUSTED_PROXIES",
  "PROBITY_URL",
  "PROBITY_SEAL_CERT",
  "PROBITY_SEAL_PASSPHRASE",
  ...socialVariables,
];

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads and checks the configuration.
 * @param environment by default process.env; an empty value counts as unset.
 * @throws ConfigError naming every wrong variable at once.
 */
export function readConfig(environment: Environment = process.env): Config {
  const problems = unknownVariables(environment);
  const read = <T>(name: string, parse: (text: string) => T | Problem, fallback: T): T => {
    const text = environment[name]?.trim();
    if (text === undefined || text === "") return fallback;
    const value = parse(text);
    if (!(value instanceof Problem)) return value;
    problems.push(`${name} is ${value.found}; allowed is ${value.allowed}.`);
    return fallback;
  };

  const port = read("PROBITY_PORT", parsePort, 3000);
  const host = read("PROBITY_HOST", parseHost, "127.0.0.1");
  const databaseUrl = read("DATABASE_URL", parseDatabaseUrl, undefined);
  const databaseDirectUrl = read("DATABASE_DIRECT_URL", parseDatabaseUrl, undefined);
  if (databaseDirectUrl !== undefined && !environment["DATABASE_URL"]?.trim()) {
    problems.push("DATABASE_DIRECT_URL is set without DATABASE_URL; set both, or neither for the embedded database.");
  }
  const smtpUrl = read("PROBITY_SMTP_URL", parseSmtp, undefined);
  const mailFrom = read("PROBITY_MAIL_FROM", parseSender, undefined);
  if ((smtpUrl === undefined) !== (mailFrom === undefined)) {
    problems.push(
      "PROBITY_SMTP_URL and PROBITY_MAIL_FROM are set together, or neither: without them mails stay in the outbox.",
    );
  }
  const captchaSecret = environment["PROBITY_CAPTCHA_SECRET"]?.trim() || undefined;
  const home = resolve(read("PROBITY_HOME", parseFolder, "./.probity"));
  const tls = readTlsConfig(read);
  const plainPort = read("PROBITY_PLAIN_PORT", parsePort, undefined);
  if (tls === "half") problems.push("PROBITY_TLS_CERT and PROBITY_TLS_KEY belong together; set both, or neither.");
  if (plainPort !== undefined && (tls === undefined || plainPort === port))
    problems.push(
      "PROBITY_PLAIN_PORT is a second port beside HTTPS; set it with PROBITY_TLS_CERT and unlike PROBITY_PORT.",
    );
  const url = read("PROBITY_URL", parseOrigin, defaultUrl(host, port, tls !== undefined));
  if (tls !== undefined && url.startsWith("http:"))
    problems.push(
      "PROBITY_URL begins with http:// though PROBITY_TLS_CERT is set; people would be led away from HTTPS.",
    );
  const social = readSocial(environment);
  problems.push(...social.problems);
  const config: Config = {
    port,
    host,
    home,
    url,
    databaseUrl,
    databaseDirectUrl: databaseDirectUrl ?? databaseUrl,
    storage: read("PROBITY_STORAGE", orWrong(storageOf, storageAllowed), {
      kind: "folder",
      folder: resolve(home, "files"),
    }),
    kms: read("PROBITY_KMS", orWrong(kmsOf, kmsAllowed), { kind: "file", file: resolve(home, "keys", "root.key") }),
    trustedProxies: read("PROBITY_TRUSTED_PROXIES", parseProxies, []),
    social: social.providers,
    trustedOrigins: read("PROBITY_TRUSTED_ORIGINS", parseOrigins, []),
    freeCheck: read("PROBITY_FREE_CHECK", parseSwitch, true),
    ocr: read("PROBITY_OCR", parseSwitch, false),
    logSigner: read("PROBITY_LOG_SIGNER", orWrong(signerOf, signerAllowed), {
      kind: "child",
      keyFile: resolve(home, "keys", "log.key"),
      stateFolder: resolve(home, "signer"),
    }),
    logLevel: read("PROBITY_LOG_LEVEL", parseLogLevel, "info"),
    securityContact: read("PROBITY_SECURITY_CONTACT", parseContact, undefined),
    smtp: smtpUrl === undefined || mailFrom === undefined ? undefined : { url: smtpUrl, from: mailFrom },
    registration: read("PROBITY_REGISTRATION", parseSwitch, false),
    accountLimits: {
      signIn: read("PROBITY_SIGN_IN_LIMIT", parseLimit, defaultAccountLimits.signIn),
      registration: read("PROBITY_REGISTRATION_LIMIT", parseLimit, defaultAccountLimits.registration),
    },
    captcha: read("PROBITY_CAPTCHA", (text) => parseCaptcha(text, captchaSecret), { kind: "proof" }),
    breachedPasswords: read("PROBITY_BREACHED_PASSWORDS", parseBreached, undefined),
    tls: tls === "half" ? undefined : tls,
    timestampUrls: read("PROBITY_TIMESTAMP_URLS", parseHttpsUrls, []),
    plainPort,
    seal: {
      certificateFile: read("PROBITY_SEAL_CERT", parsePath, undefined),
      passphrase: environment["PROBITY_SEAL_PASSPHRASE"] || undefined,
    },
  };
  if (problems.length > 0) {
    throw new ConfigError(
      [
        "The configuration has errors. Nothing was started and your data is untouched. Correct these, then start again:",
        ...problems,
      ].join("\n  "),
    );
  }
  return config;
}

type Read = <T>(name: string, parse: (text: string) => T | Problem, fallback: T) => T;

function readTlsConfig(read: Read): TlsConfig | "half" | undefined {
  const certFile = read("PROBITY_TLS_CERT", parseFolder, "");
  const keyFile = read("PROBITY_TLS_KEY", parseFolder, "");
  const minVersion = read("PROBITY_TLS_MIN", parseTlsVersion, "TLSv1.2");
  if (certFile === "" && keyFile === "") return undefined;
  if (certFile === "" || keyFile === "") return "half";
  return { certFile: resolve(certFile), keyFile: resolve(keyFile), minVersion };
}

function parseTlsVersion(text: string): TlsConfig["minVersion"] | Problem {
  return text === "1.2" ? "TLSv1.2" : text === "1.3" ? "TLSv1.3" : wrong(text, "1.2 or 1.3");
}

class Problem {
  readonly found: string;
  readonly allowed: string;
  constructor(found: string, allowed: string) {
    this.found = found;
    this.allowed = allowed;
  }
}

/** A wrong value as it may be shown: cut short, and without what may be a password in a URL, however mistyped. */
function wrong(text: string, allowed: string): Problem {
  const shown = text.replace(/^([a-z0-9+-]+:\/\/)?.*@/is, "$1***@").replace(/\?.*/s, "?***");
  return new Problem(JSON.stringify(shown.length > 80 ? `${shown.slice(0, 80)}…` : shown), allowed);
}

/** A parser from one that says undefined for what is wrong. */
function orWrong<T>(parse: (text: string) => T | undefined, allowed: string): (text: string) => T | Problem {
  return (text) => parse(text) ?? wrong(text, allowed);
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function parsePort(text: string): number | Problem {
  const port = Number(text);
  return /^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535 ? port : wrong(text, "a number from 1 to 65535");
}

function parseHost(text: string): string | Problem {
  const name = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;
  // A name of digits and dots alone is an address with a slip in it.
  const isName = name.test(text) && !/^[\d.]+$/.test(text);
  return isIP(text) !== 0 || isName ? text : wrong(text, "an IP address or a host name, without port or scheme");
}

function parseContact(text: string): string | Problem {
  const isEmail = /^[^\s@]{1,64}@[^\s@]{1,190}\.[^\s@]{2,63}$/.test(text);
  return isEmail || parseUrl(text)?.protocol === "https:"
    ? text
    : wrong(text, "an e-mail address or an https:// address");
}

function parseSmtp(text: string): string | Problem {
  // It may hold a password, however it is mistyped.
  return isSmtpUrl(text)
    ? text
    : new Problem(
        "not such an address (not shown, it may hold a password)",
        "smtps://user:password@host:465 or smtp://user:password@host:587",
      );
}

function parseSender(text: string): string | Problem {
  return isSender(text) ? text : wrong(text, "an address such as probity@example.com, or Name <address>");
}

function parseCaptcha(text: string, secret: string | undefined): CaptchaConfig | Problem {
  return (
    captchaOf(text, secret) ??
    wrong(text, "proof, or recaptcha:SITEKEY, turnstile:SITEKEY or hcaptcha:SITEKEY with PROBITY_CAPTCHA_SECRET set")
  );
}

function parseLimit(text: string): AccountLimits["signIn"] | Problem {
  return accountLimitOf(text) ?? wrong(text, "attempts/minutes such as 5/15: 1 to 20 attempts in 5 to 240 minutes");
}

function parseBreached(text: string): string | undefined | Problem {
  if (text === "off") return undefined;
  return breachedOf(text) ?? wrong(text, "off, on, or the https:// address of a range service");
}

function parseFolder(text: string): string | Problem {
  return text.includes("\0") || parseUrl(text)?.host ? wrong(text, "the path of a folder") : text;
}

function parsePath(text: string): string | Problem {
  const folder = parseFolder(text);
  return folder instanceof Problem ? wrong(text, "the path of a file") : resolve(folder);
}

function parseOrigin(text: string): string | Problem {
  const url = parseUrl(text);
  const isOrigin =
    url !== undefined && /^https?:$/.test(url.protocol) && [url.origin, `${url.origin}/`].includes(url.href);
  return isOrigin
    ? url.origin
    : wrong(text, "http:// or https:// with a host and, if needed, a port: no path, user or query");
}

function parseDatabaseUrl(text: string): string | Problem {
  const allowed = "postgresql://user:password@host:port/database";
  const url = parseUrl(text);
  // What does not parse may hold a password anywhere, so nothing of it is shown.
  if (url === undefined) return new Problem("no URL (not shown, it may hold a password)", allowed);
  if (!/^postgres(ql)?:$/.test(url.protocol)) return new Problem(`a URL of scheme ${url.protocol}`, allowed);
  if (url.pathname.length < 2) return new Problem("a URL without the name of a database", allowed);
  return text;
}

function parseOrigins(text: string): readonly string[] | Problem {
  return originsOf(text) ?? wrong(text, "origins such as https://login.example.internal, separated by commas");
}

function parseHttpsUrls(text: string): readonly string[] | Problem {
  const urls = text.split(",").map((each) => each.trim());
  return urls.every((each) => /^https?:$/.test(parseUrl(each)?.protocol ?? ""))
    ? urls
    : wrong(text, "https:// addresses separated by commas (http:// for one of PROBITY_TRUSTED_ORIGINS)");
}

function parseProxies(text: string): readonly string[] | Problem {
  const proxies = text.split(",").map((each) => each.trim());
  return proxies.every(isAddressRange)
    ? proxies
    : wrong(text, "IP addresses or ranges such as 10.0.0.0/8, separated by commas");
}

function parseSwitch(text: string): boolean | Problem {
  return text === "on" || text === "off" ? text === "on" : wrong(text, "on or off");
}

function parseLogLevel(text: string): LogLevel | Problem {
  return LOG_LEVELS.find((level) => level === text) ?? wrong(text, LOG_LEVELS.join(", "));
}

/** An address to listen on everywhere is none to visit: the link then names this machine. */
function defaultUrl(host: string, port: number, https: boolean): string {
  const name = ["0.0.0.0", "::"].includes(host) ? "localhost" : isIP(host) === 6 ? `[${host}]` : host;
  return `${https ? "https" : "http"}://${name}:${port}`;
}

function unknownVariables(environment: Environment): string[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith("PROBITY_") && !name.startsWith("PROBITY_TEST_") && !KNOWN.includes(name))
    .map((name) => `${name} is not a setting; the nearest one is ${nearest(name)}.`);
}

function nearest(name: string): string {
  return KNOWN.reduce((best, each) => (distance(name, each) < distance(name, best) ? each : best));
}

import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { ConfigError, readConfig } from "./config.ts";

function message(environment: Record<string, string>): string {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "accepted";
}

describe("configuration", () => {
  test("an empty environment gives the documented defaults", () => {
    expect(readConfig({ PROBITY_HOST: "", HOME: "/x" })).toEqual({
      port: 3000,
      host: "127.0.0.1",
      home: resolve(".probity"),
      url: "http://127.0.0.1:3000",
      databaseUrl: undefined,
      databaseDirectUrl: undefined,
      storage: { kind: "folder", folder: resolve(".probity/files") },
      kms: { kind: "file", file: resolve(".probity/keys/root.key") },
      trustedProxies: [],
      social: [],
      trustedOrigins: [],
      freeCheck: true,
      ocr: false,
      logLevel: "info",
      logSigner: { kind: "child", keyFile: resolve(".probity/keys/log.key"), stateFolder: resolve(".probity/signer") },
      registration: false,
      accountLimits: {
        signIn: { attempts: 5, windowMinutes: 15 },
        registration: { attempts: 3, windowMinutes: 30 },
      },
      captcha: { kind: "proof" },
      seal: {},
      timestampUrls: [],
    });
  });

  test("every variable is read", () => {
    expect(
      readConfig({
        PROBITY_PORT: "8080",
        PROBITY_HOST: "::1",
        PROBITY_HOME: "/srv/probity",
        PROBITY_URL: "https://probity.example.com/",
        DATABASE_URL: "postgres://u:p@db/probity",
        DATABASE_DIRECT_URL: "postgresql://u:p@direct/probity",
        PROBITY_STORAGE: "s3://papers/acme/?region=eu-central-1&endpoint=https://minio.example.com",
        PROBITY_KMS: "https://vault.example.com:8200/v1/transit/keys/probity",
        PROBITY_TRUSTED_PROXIES: "10.0.0.0/8, fd00::1",
        PROBITY_GOOGLE: "client:secret-secret",
        PROBITY_TRUSTED_ORIGINS: "https://login.example.internal",
        PROBITY_FREE_CHECK: "off",
        PROBITY_OCR: "on",
        PROBITY_LOG_LEVEL: "debug",
        PROBITY_LOG_SIGNER: "unix:/run/probity/signer.sock",
        PROBITY_SMTP_URL: "smtps://post:p%40ss@mail.example.com",
        PROBITY_MAIL_FROM: "Probity <post@example.com>",
        PROBITY_REGISTRATION: "on",
        PROBITY_SIGN_IN_LIMIT: "4/20",
        PROBITY_REGISTRATION_LIMIT: "2/60",
        PROBITY_CAPTCHA: "turnstile:0x4AAAAAAA-key",
        PROBITY_CAPTCHA_SECRET: "s",
        PROBITY_BREACHED_PASSWORDS: "on",
        PROBITY_TIMESTAMP_URLS: "https://tsa.example.com/tsr",
        PROBITY_SEAL_CERT: "/srv/seal.p12",
        PROBITY_SEAL_PASSPHRASE: "word",
        PROBITY_TEST_DATABASE_URL: "postgres://elsewhere/x",
      }),
    ).toEqual({
      port: 8080,
      host: "::1",
      home: "/srv/probity",
      url: "https://probity.example.com",
      databaseUrl: "postgres://u:p@db/probity",
      databaseDirectUrl: "postgresql://u:p@direct/probity",
      storage: {
        kind: "s3",
        bucket: "papers",
        prefix: "acme",
        endpoint: "https://minio.example.com",
        region: "eu-central-1",
      },
      kms: {
        kind: "vault",
        address: "https://vault.example.com:8200",
        mount: "transit",
        key: "probity",
      },
      trustedProxies: ["10.0.0.0/8", "fd00::1"],
      social: [{ id: "google", clientId: "client", secret: "secret-secret" }],
      trustedOrigins: ["https://login.example.internal"],
      freeCheck: false,
      ocr: true,
      logLevel: "debug",
      logSigner: { kind: "socket", path: "/run/probity/signer.sock" },
      smtp: { url: "smtps://post:p%40ss@mail.example.com", from: "Probity <post@example.com>" },
      registration: true,
      accountLimits: {
        signIn: { attempts: 4, windowMinutes: 20 },
        registration: { attempts: 2, windowMinutes: 60 },
      },
      captcha: { kind: "turnstile", siteKey: "0x4AAAAAAA-key", secret: "s" },
      breachedPasswords: "https://api.pwnedpasswords.com/range",
      timestampUrls: ["https://tsa.example.com/tsr"],
      seal: { certificateFile: "/srv/seal.p12", passphrase: "word" },
    });
  });

  test("an AWS KMS key is known by its ARN", () => {
    const keyArn = "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/1234";
    expect(readConfig({ PROBITY_KMS: keyArn }).kms).toEqual({ kind: "aws", keyArn });
  });

  test.each([
    ["0.0.0.0", "http://localhost:3000"],
    ["::", "http://localhost:3000"],
    ["::1", "http://[::1]:3000"],
    ["probity.internal", "http://probity.internal:3000"],
  ])("listening on %s, the link is %s", (host, url) => {
    expect(readConfig({ PROBITY_HOST: host }).url).toBe(url);
  });

  test("worker and sequencer use the one database URL there is", () => {
    const databaseUrl = "postgres://u:p@db/probity";
    expect(readConfig({ DATABASE_URL: databaseUrl }).databaseDirectUrl).toBe(databaseUrl);
  });

  test.each([
    ["PROBITY_PORT", "0"],
    ["PROBITY_PORT", "65536"],
    ["PROBITY_PORT", "3e3"],
    ["PROBITY_PORT", "0x50"],
    ["PROBITY_HOST", "http://localhost"],
    ["PROBITY_HOST", "127.0.0"],
    ["PROBITY_HOME", "https://example.com/x"],
    ["PROBITY_URL", "probity.example.com"],
    ["PROBITY_URL", "ftp://probity.example.com"],
    ["PROBITY_URL", "https://probity.example.com/sub"],
    ["PROBITY_URL", "https://user@probity.example.com"],
    ["DATABASE_URL", "mysql://db/x"],
    ["DATABASE_URL", "postgres://db"],
    ["PROBITY_LOG_SIGNER", "unix:signer.sock"],
    ["PROBITY_LOG_SIGNER", "/run/signer.sock"],
    ["PROBITY_STORAGE", "gs://bucket"],
    ["PROBITY_STORAGE", "s3:bucket"],
    ["PROBITY_STORAGE", "s3://bucket?acl=public"],
    ["PROBITY_STORAGE", "s3://bucket?endpoint=minio"],
    ["PROBITY_KMS", "arn:aws:s3:::bucket"],
    ["PROBITY_KMS", "http://vault.example.com/v1/transit/keys/k"],
    ["PROBITY_KMS", "https://vault.example.com/transit"],
    ["PROBITY_TRUSTED_PROXIES", "10.0.0.0/33"],
    ["PROBITY_TRUSTED_PROXIES", "0.0.0.0/0"],
    ["PROBITY_TRUSTED_PROXIES", "proxy.example.com"],
    ["PROBITY_FREE_CHECK", "true"],
    ["PROBITY_OCR", "1"],
    ["PROBITY_LOG_LEVEL", "verbose"],
    ["PROBITY_SMTP_URL", "https://mail.example.com"],
    ["PROBITY_MAIL_FROM", "post at example.com"],
    ["PROBITY_REGISTRATION", "yes"],
    ["PROBITY_SIGN_IN_LIMIT", "off"],
    ["PROBITY_SIGN_IN_LIMIT", "0/15"],
    ["PROBITY_REGISTRATION_LIMIT", "3/1"],
    ["PROBITY_CAPTCHA", "turnstile:0x4AAAAAAA-key"],
    ["PROBITY_CAPTCHA", "off"],
    ["PROBITY_BREACHED_PASSWORDS", "http://range.example.com"],
  ])("%s=%s is refused by name, with what is allowed", (name, value) => {
    expect(message({ [name]: value })).toMatch(new RegExp(`${name} is .+; allowed is .+`));
  });

  test("all wrong values are reported at once", () => {
    const text = message({ PROBITY_PORT: "x", PROBITY_OCR: "x", PROBITY_LOGLEVEL: "info" });
    expect(text).toContain("PROBITY_PORT");
    expect(text).toContain("PROBITY_OCR");
    expect(text).toContain("PROBITY_LOGLEVEL is not a setting; the nearest one is PROBITY_LOG_LEVEL.");
  });

  test("a mail server without a sender is refused, and its address is not shown", () => {
    const text = message({ PROBITY_SMTP_URL: "smtp://u:geheim@mail.example.com" });
    expect(text).toContain("PROBITY_MAIL_FROM");
    expect(message({ PROBITY_SMTP_URL: "smpt://u:geheim@mail" })).not.toContain("geheim");
  });

  test("a direct URL alone is refused: it would be ignored in silence", () => {
    expect(message({ DATABASE_DIRECT_URL: "postgres://u:p@db/x" })).toContain("without DATABASE_URL");
  });

  test.each([
    ["DATABASE_URL", "mysql://user:hunter2@db/x"],
    ["DATABASE_URL", "postgres//user:hunter2@db/x"],
    ["DATABASE_URL", "postgres://user@db?password=hunter2"],
    ["DATABASE_URL", "postgres://user:hunter2@db"],
    ["PROBITY_STORAGE", "s3://key:hunter2@bucket/x"],
    ["PROBITY_STORAGE", "s3://bucket/x?secret=hunter2"],
    ["PROBITY_KMS", "https://token:hunter2@vault/v1/transit/keys/k"],
    ["PROBITY_URL", "https://user:hunter2@probity.example.com"],
    ["PROBITY_GOOGLE", "hunter2 hunter2"],
    ["PROBITY_APPLE", "client:hunter2hunter2"],
    ["PROBITY_HOST", "postgres://user:hunter2@db/x"],
    ["PROBITY_URL", "https://user:hun/hunter2@probity.example.com"],
  ])("the refusal of %s never shows the password in it", (name, value) => {
    const text = message({ [name]: value });
    expect(text).toContain(name);
    expect(text).not.toContain("hunter2");
  });
});

import { createHmac } from "node:crypto";
import { betterAuth, type Auth, type BetterAuthOptions, type BetterAuthPlugin } from "better-auth";
import { Kysely, PostgresDialect } from "kysely";
import { v7 as uuidv7 } from "uuid";
import type { Kernel } from "../kernel.ts";
import { hashPassword, verifyPassword } from "./password.ts";
import { passwordLength } from "./password-rule.ts";
import { hashSessionTokens } from "./session-hash.ts";

/** Seconds a session may last whatever a workspace allows; each workspace's own absolute and idle limits are the door's. */
export const sessionCeilingSeconds = 7 * 24 * 3600;
/** The one header that says where a sign-in comes from; it is set here and never taken from a request. */
export const sourceHeader = "x-probity-source";

/** Comes first: what other plugins and better-auth itself hold is the adapter it puts in place. */
const hashedTokens: BetterAuthPlugin = {
  id: "hashed-session-tokens",
  init: (context) => ({ context: { adapter: hashSessionTokens(context.adapter) } }),
};

/** better-auth on schema identity: it proves who somebody is. What a session may do is the door's affair. */
export function openAuth(kernel: Kernel, url: string): Auth<BetterAuthOptions> {
  const database = new Kysely<unknown>({
    dialect: new PostgresDialect({ pool: kernel.identityPool }),
  }).withSchema("identity");
  const options: BetterAuthOptions = {
    appName: "Probity",
    baseURL: url,
    basePath: "/api/auth",
    secret: createHmac("sha256", kernel.rootKey.key).update("identity-secret").digest("base64url"),
    database: { db: database, type: "postgres", transaction: true },
    plugins: [hashedTokens],
    // Accounts come from the set-up and from invitations alone.
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: passwordLength.min,
      maxPasswordLength: passwordLength.max,
      password: {
        hash: hashPassword,
        verify: ({ hash, password }) => verifyPassword(hash, password),
      },
    },
    user: {
      fields: { emailVerified: "email_verified", createdAt: "created_at", updatedAt: "updated_at" },
    },
    account: {
      encryptOAuthTokens: true,
      fields: {
        userId: "user_id",
        accountId: "account_id",
        providerId: "provider_id",
        accessToken: "access_token",
        refreshToken: "refresh_token",
        idToken: "id_token",
        accessTokenExpiresAt: "access_token_expires_at",
        refreshTokenExpiresAt: "refresh_token_expires_at",
        createdAt: "created_at",
        updatedAt: "updated_at",
      },
    },
    session: {
      expiresIn: sessionCeilingSeconds,
      disableSessionRefresh: true,
      // A cached cookie lets an ended session live until the cache ends.
      cookieCache: { enabled: false },
      fields: {
        userId: "user_id",
        ipAddress: "ip_address",
        userAgent: "user_agent",
        createdAt: "created_at",
        updatedAt: "updated_at",
        expiresAt: "expires_at",
      },
    },
    verification: {
      storeIdentifier: "hashed",
      fields: { expiresAt: "expires_at", createdAt: "created_at", updatedAt: "updated_at" },
    },
    databaseHooks: {
      session: { create: { before: async (session) => isOpen(kernel, session.userId) } },
    },
    advanced: {
      database: { generateId: () => uuidv7() },
      ipAddress: { ipAddressHeaders: [sourceHeader] },
    },
    // The door's budgets count over all processes; a limit kept in one process's memory would not.
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    // Outcomes go to the ledger; better-auth's own lines would name them a second time in the log.
    logger: { disabled: true },
  };
  return betterAuth(options);
}

/** A disabled person gets no session on whatever way they signed in. */
async function isOpen(kernel: Kernel, userId: string): Promise<boolean> {
  const found = await kernel.identityPool.query(`select 1 from identity."user" where id = $1 and disabled_at is null`, [
    userId,
  ]);
  return found.rowCount === 1;
}

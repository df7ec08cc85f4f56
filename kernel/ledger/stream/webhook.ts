import { createHmac, randomBytes } from "node:crypto";
import { fetchOutside } from "../../http/outgoing.ts";
import { Problem } from "../../work/problem.ts";
import type { Delivery, Message, Outside, Receiver } from "./receiver.ts";

const prefix = "whsec_";

/** A new signing secret, as receivers expect it (Standard Webhooks: base64 of 24 to 64 random bytes). */
export function newSecret(): string {
  return `${prefix}${randomBytes(32).toString("base64")}`;
}

/**
 * The headers of one message (Standard Webhooks): HMAC-SHA-256 over id, time and body, so that none of them can be changed.
 * Of several secrets each signs, with spaces between: a receiver takes the message when one of them is its own.
 */
export function signedHeaders(secrets: readonly string[], message: Message, at: Date): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const said = `${message.id}.${timestamp}.${message.body}`;
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(prefix.length), "base64");
    return `v1,${createHmac("sha256", key).update(said).digest("base64")}`;
  });
  return {
    "content-type": "application/json",
    "webhook-id": message.id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signatures.join(" "),
  };
}

/** What will be refused again however often it is sent: it is about the content, not about the hour or the address. */
const contentRefusals = new Set([400, 413, 415, 422]);

/** Sends one message. No redirect is followed: a body goes where it was meant to go and nowhere else. */
export async function sendWebhook(receiver: Receiver, message: Message, outside: Outside): Promise<Delivery> {
  try {
    const answer = await fetchOutside(receiver.address, {
      method: "POST",
      headers: signedHeaders(receiver.secrets, message, new Date()),
      body: message.body,
      maxBytes: 64 * 1024,
      redirects: 0,
      timeoutSeconds: outside.timeoutSeconds ?? 20,
      ...(outside.trustedOrigins === undefined ? {} : { trustedOrigins: outside.trustedOrigins }),
    });
    if (answer.status >= 200 && answer.status < 300) return { state: "taken" };
    const problem = `The receiver answered ${answer.status}`;
    if (answer.status === 410) return { state: "gone", problem };
    return { state: contentRefusals.has(answer.status) ? "refused" : "failed", problem };
  } catch (error) {
    if (error instanceof Problem) return { state: "failed", problem: error.detail };
    throw error;
  }
}

import { createTransport, type Transporter } from "nodemailer";
import type { Mail } from "./template.ts";

/** A mail server. `smtps` speaks TLS from the first byte; `smtp` must offer STARTTLS, except on this machine itself. */
export type SmtpConfig = {
  readonly url: string;
  /** The sender: an address, or `Name <address>`. */
  readonly from: string;
  /** Certificates that count beside the system's, as PEM: a company's own authority. */
  readonly authority?: string | undefined;
};

export type Delivery = { readonly state: "sent" } | { readonly state: "again" | "refused"; readonly problem: string };

const waitMs = 20_000;

/** Hands mails to a mail server. Its certificate is always verified; there is no switch for it. */
export class SmtpSender {
  readonly #transport: Transporter;
  readonly #from: string;

  constructor(config: SmtpConfig) {
    const url = new URL(config.url);
    const secure = url.protocol === "smtps:";
    const loopback = ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
    const user = decodeURIComponent(url.username);
    this.#from = config.from;
    this.#transport = createTransport({
      host: url.hostname.replaceAll(/[[\]]/g, ""),
      port: Number(url.port || (secure ? 465 : 587)),
      secure,
      requireTLS: !secure && !loopback,
      // STARTTLS is taken wherever it is offered, here too.
      tls: {
        rejectUnauthorized: true,
        minVersion: "TLSv1.2",
        ...(config.authority === undefined ? {} : { ca: config.authority }),
      },
      ...(user === "" ? {} : { auth: { user, pass: decodeURIComponent(url.password) } }),
      connectionTimeout: waitMs,
      greetingTimeout: waitMs,
      socketTimeout: waitMs * 2,
      // Nothing in a mail of ours names a file or an address to fetch.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  /** One try. What the server refuses for good is told from what may pass another time (RFC 5321 §4.2.1). */
  async send(id: string, to: string, mail: Mail): Promise<Delivery> {
    try {
      await this.#transport.sendMail({
        from: this.#from,
        to: { name: "", address: to },
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        messageId: `<${id}@${domainOf(this.#from)}>`,
        headers: { "auto-submitted": "auto-generated" },
      });
      return { state: "sent" };
    } catch (error) {
      return judged(error);
    }
  }

  close(): void {
    this.#transport.close();
  }
}

function domainOf(from: string): string {
  return /@([^\s>]+)/.exec(from)?.[1] ?? "localhost";
}

/** The server's answer in a few words: codes alone, since its text may quote the mail. */
function judged(error: unknown): Delivery {
  const part = (name: string): unknown =>
    typeof error === "object" && error !== null ? Reflect.get(error, name) : undefined;
  const answer = part("responseCode");
  const code = typeof part("code") === "string" ? String(part("code")) : "unknown";
  const command = typeof part("command") === "string" ? String(part("command")) : "";
  const problem =
    `${code}${typeof answer === "number" ? ` ${answer}` : ""}${command === "" ? "" : ` ${command}`}`.slice(0, 80);
  const final = typeof answer === "number" && answer >= 550 && answer <= 559 && /^(RCPT TO|DATA)/.test(command);
  return { state: final ? "refused" : "again", problem };
}

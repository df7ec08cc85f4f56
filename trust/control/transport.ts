import { connect, type SecureVersion } from "node:tls";
import { defineControl, type ProbeContext } from "../control.ts";
import { sendRaw } from "../raw.ts";
import { missingHeaders } from "./response-header.ts";
import { allOf, type Check } from "./outcome.ts";

const patienceMs = 15_000;
const older: Readonly<Record<"TLSv1.2" | "TLSv1.3", SecureVersion>> = { "TLSv1.2": "TLSv1.1", "TLSv1.3": "TLSv1.2" };

/** A handshake of at most this version: the protocol agreed on, or null when there was none. */
function shake(url: string, maxVersion: SecureVersion): Promise<string | null> {
  const { hostname, port } = new URL(url);
  const host = hostname.replaceAll(/[[\]]/g, "");
  return new Promise((resolve) => {
    const socket = connect(
      {
        host,
        port: Number(port || 443),
        minVersion: "TLSv1",
        maxVersion,
        // The instance may call itself by an address that its certificate does not name; who it is is not the question here.
        rejectUnauthorized: false,
        servername: /^[\d.]+$|:/.test(host) ? "" : host,
        ...(maxVersion === "TLSv1.1" ? { ciphers: "ALL:@SECLEVEL=0" } : {}),
      },
      () => {
        resolve(socket.getProtocol());
        socket.destroy();
      },
    );
    socket.setTimeout(patienceMs, () => socket.destroy());
    socket.once("error", () => resolve(null));
    socket.once("close", () => resolve(null));
  });
}

function secureUrlOf({ transport, publicUrl }: ProbeContext): string {
  return transport?.secureUrl ?? publicUrl;
}

function minimumOf({ transport }: ProbeContext): "TLSv1.2" | "TLSv1.3" {
  return transport?.minVersion ?? "TLSv1.2";
}

/** Whether the way to the database needs a cipher at all: a socket in a folder or an address of this machine does not. */
function isLocal(host: string | undefined): boolean {
  return host === undefined || host.startsWith("/") || ["localhost", "127.0.0.1", "::1"].includes(host);
}

/** How the connections to the database go: as the driver was told to, and as the server says of one. */
async function databaseChecks({ kernel, database }: ProbeContext): Promise<{ said: string; checks: Check[] }> {
  const { host, ssl } = kernel.address;
  if (isLocal(host)) return { said: "the database is on this machine", checks: [] };
  const verifies = ssl === true || (typeof ssl === "object" && ssl.rejectUnauthorized !== false);
  const [row] = await database.attempt("probity_app", (connection) =>
    connection.query("select ssl, version from pg_stat_ssl where pid = pg_backend_pid()"),
  );
  return {
    said: `the database is spoken to by ${String(row?.["version"])}`,
    checks: [
      [verifies, "the database's certificate is not verified"],
      [row?.["ssl"] === true, "the database says that this connection is in the clear"],
    ],
  };
}

export const transport = defineControl({
  id: "ENC-04",
  standards: ["SOC 2 CC6.7", "ISO 27001 A.8.24", "HIPAA §164.312(e)(1)", "OWASP ASVS 12.1.1", "OWASP ASVS 12.2.1"],
  yourPart:
    "Give the instance a certificate (PROBITY_TLS_CERT) or a proxy that has one, choose the lowest version (PROBITY_TLS_MIN), and verify an external database's certificate (sslmode=verify-full).",
  notProbed: ["an object store", "the certificate's chain as browsers see it"],
  maxAgeMinutes: 45,
  off: ({ publicUrl }) =>
    publicUrl.startsWith("https:")
      ? undefined
      : "This instance is called by http:// (PROBITY_URL): nothing encrypts the way to it.",
  probes: [
    {
      id: "in-transit",
      kind: "read-only",
      title: "HTTPS from the lowest allowed version up, for a year to come; plain HTTP opens nothing; the database too",
      run: async (context) => {
        const agreed = await shake(secureUrlOf(context), "TLSv1.3");
        const answer = await context.http("GET", "/api/instance");
        const missing = missingHeaders(answer.headers, true).filter((each) => each.startsWith("Strict-Transport"));
        const { said, checks } = await databaseChecks(context);
        return allOf(`${agreed ?? "nothing"} was agreed on, Strict-Transport-Security is sent, ${said}`, [
          [agreed !== null && agreed >= minimumOf(context), `a modern client agreed on ${agreed ?? "nothing"}`],
          [missing.length === 0, "Strict-Transport-Security is missing or shorter than a year"],
          ...checks,
        ]);
      },
      negative: async (context) => {
        const url = secureUrlOf(context);
        const tooOld = older[minimumOf(context)];
        const agreed = await shake(url, tooOld);
        const ask = (host: string) => `GET /api/instance HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
        const { host } = new URL(url);
        const clear = await sendRaw(
          url.replace(/^https:/, "http:").replace(/(:\/\/[^/:]+)$/, "$1:443"),
          ask(host),
        ).catch(() => ({ status: 0 }));
        const plainUrl = context.transport?.plainUrl;
        const beside = plainUrl === undefined ? undefined : await sendRaw(plainUrl, ask(host));
        return allOf(`a client of ${tooOld} at most got no connection, and a call in the clear no answer of the API`, [
          [agreed === null, `a client of ${tooOld} at most was let in with ${agreed ?? ""}`],
          [clear.status === 0 || clear.status === 400, `a call in the clear at the same port got ${clear.status}`],
          [
            beside === undefined || (beside.status === 403 && !beside.headers.has("location")),
            `the API answered at the plain port with ${beside?.status ?? 0}`,
          ],
        ]);
      },
    },
  ],
});

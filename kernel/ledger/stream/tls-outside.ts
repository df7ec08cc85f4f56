import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { checkServerIdentity, connect, type TLSSocket } from "node:tls";
import { isPublicAddress } from "../../http/outgoing-address.ts";
import { outgoingProblem } from "../../http/outgoing-error.ts";
import type { Outside, Receiver } from "./receiver.ts";

export type HostPort = { readonly host: string; readonly port: number };

/** host:port, with brackets around an IPv6 address; undefined where it is neither. */
export function hostPortOf(text: string): HostPort | undefined {
  // The URL parser writes every form of an address in its one form, so that what is judged is what is called.
  if (!/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/.test(text) || !URL.canParse(`https://${text}`)) return undefined;
  const url = new URL(`https://${text}`);
  // The parser leaves out the port that is https' own.
  const port = Number(url.port === "" ? "443" : url.port);
  return port === 0 ? undefined : { host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port };
}

/**
 * A TLS connection to a server whose address somebody typed: only on the public internet unless the operator named it, the
 * name resolved once and that very address connected to (SSRF, APP-06); the certificate must be for the name and, where an
 * authority is given, from that one alone. A server that asks who calls is shown the client's.
 */
export async function connectOutside(
  target: HostPort,
  outside: Outside & Pick<Receiver, "authority" | "client"> & { readonly signal: AbortSignal },
): Promise<TLSSocket> {
  const { host, port } = target;
  const named = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const trusted = (outside.trustedOrigins ?? []).includes(new URL(`https://${named}`).origin);
  const found =
    isIP(host) === 0
      ? await lookup(host, { all: true }).catch((error: unknown) => {
          throw outgoingProblem.not_reached({ values: { host, reason: "its name is not known" }, cause: error });
        })
      : [{ address: host, family: isIP(host) }];
  const [first] = found;
  // One bad address among good ones is how rebinding begins: none of them is used.
  if (first === undefined || (!trusted && !found.every(({ address }) => isPublicAddress(address))))
    throw outgoingProblem.address_refused({ values: { host: named.slice(0, 100) } });
  outside.signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: first.address,
      port,
      // SNI takes no address (RFC 6066 §3); the certificate is checked for it all the same.
      servername: isIP(host) === 0 ? host : "",
      checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
      minVersion: "TLSv1.2",
      rejectUnauthorized: true,
      ...(outside.authority === null ? {} : { ca: outside.authority }),
      ...(outside.client === null ? {} : { cert: outside.client.certificate, key: outside.client.key }),
    });
    const abort = () => socket.destroy(new Error("it took too long"));
    outside.signal.addEventListener("abort", abort, { once: true });
    socket.once("close", () => outside.signal.removeEventListener("abort", abort));
    socket.once("secureConnect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

import type { FastifyRequest } from "fastify";
import { isLoopback, plainAddress } from "./network.ts";
import { httpProblem } from "./problem-document.ts";

/** What load balancers and containers ask by address: it tells nothing and changes nothing. */
const asked = new Set(["/healthz", "/readyz"]);
const loopbackName = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/;

/**
 * A request that names another host than the configured one is answered 421 (RFC 9110 §15.5.20): a page of somebody else's
 * whose name was made to point here (DNS rebinding) reads nothing, and no cache is poisoned. Loopback names are taken where
 * the origin is one, and from this machine itself, whose probes call it so.
 */
export function ownHost(origin: string): (request: FastifyRequest) => void {
  const { protocol, host } = new URL(origin);
  const defaultPort = protocol === "https:" ? ":443" : ":80";
  const local = loopbackName.test(host);
  return (request) => {
    const named = (request.host ?? "").toLowerCase();
    if (named === host || named === `${host}${defaultPort}`) return;
    const from = plainAddress(request.socket.remoteAddress ?? "");
    const at = plainAddress(request.socket.localAddress ?? "");
    if ((local || isLoopback(from)) && loopbackName.test(named)) return;
    // Served on one address that is no loopback address, this machine calls it by that.
    if (from !== "" && from === at && named.replace(/:\d+$/, "") === (at.includes(":") ? `[${at}]` : at)) return;
    if (asked.has(request.url)) return;
    throw httpProblem.misdirected({ values: { origin } });
  };
}

import type { Answer, Route, RouteRequest } from "../http/route.ts";
import type { Kernel } from "../kernel.ts";
import type { Credential } from "../work/credential.ts";
import { Problem } from "../work/problem.ts";

/** What keeps somebody out where no workspace is asked: a wrong session, token or link, an attempt that came to nothing. */
const shut: ReadonlySet<number> = new Set([401, 403, 404, 410]);
/** A browser that comes back from elsewhere is told on the sign-in page. */
const toldOnThePage = /^\/signin\?sso=([\w.%-]{1,80})$/;

/**
 * Notes what a handler refuses by itself, where the door has not seen it (LED-01): each "not here" that a signed-in caller
 * meets at an address that names a record, what their role does not reach, what is over, a call without a credential of any
 * form; and each refusal of a route that is open to all or about a session. Who it was is asked of the door again, for these
 * answers alone.
 */
export function watched(kernel: Kernel, route: Route): Route {
  if (route.permission === "public" || route.permission === "session") return watchedOpenly(kernel, route);
  return {
    ...route,
    handle: async (request, reply) => {
      try {
        return await route.handle(request, reply);
      } catch (error) {
        // Who it was is not known where the address itself is the credential, as a link's is: the answer stays what it is.
        if (error instanceof Problem && isUnseen(error))
          await note(kernel, route, request, error).catch(() => undefined);
        throw error;
      }
    },
  };
}

/** What the door itself answers has a code of the kernel's, and it told of it; what a handler finds missing is one of them. */
function isUnseen({ status, code }: Problem): boolean {
  return status === 404 || (shut.has(status) && !code.startsWith("kernel."));
}

async function note(kernel: Kernel, route: Route, request: RouteRequest, { status, code }: Problem): Promise<void> {
  if (code.startsWith("http.")) {
    kernel.access.refused(unknown(request), route.permission, code, undefined);
    return;
  }
  const { credential } = request;
  await kernel.door
    .once(credential, route.permission, () => ({ statements: [] }))
    .then(({ who }) =>
      kernel.access.refused(credential, route.permission, status === 404 ? "kernel.not_found" : code, who),
    )
    .catch(() => undefined);
}

/** Nobody the door could tell: where they come from is what is known. */
function unknown(request: RouteRequest): Credential {
  return { kind: "link", token: "", source: request.source };
}

function watchedOpenly(kernel: Kernel, route: Route): Route {
  const noteOpenly = (request: RouteRequest, code: string) =>
    kernel.access.refused(unknown(request), `${route.method} ${route.path}`, code, undefined);
  return {
    ...route,
    handle: async (request, reply) => {
      try {
        const answer = await route.handle(request, reply);
        const told = "raw" in answer ? undefined : toldTo(answer);
        if (told !== undefined) noteOpenly(request, told);
        return answer;
      } catch (error) {
        if (error instanceof Problem && shut.has(error.status)) noteOpenly(request, error.code);
        throw error;
      }
    },
  };
}

function toldTo(answer: Answer): string | undefined {
  const code = toldOnThePage.exec(answer.headers?.["location"] ?? "")?.[1];
  return code === undefined ? undefined : decodeURIComponent(code);
}

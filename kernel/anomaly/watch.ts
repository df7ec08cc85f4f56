import type { Route } from "../http/route.ts";
import type { Kernel } from "../kernel.ts";
import { Problem } from "../work/problem.ts";

/**
 * Notes each "not here" that a signed-in caller meets at an address that names a record: a handler throws it, so the door
 * has not seen it as a refusal. Who it was is asked of the door again, for these answers alone.
 */
export function watched(kernel: Kernel, route: Route): Route {
  if (route.params === undefined || route.permission === "public" || route.permission === "session") return route;
  return {
    ...route,
    handle: async (request, reply) => {
      try {
        return await route.handle(request, reply);
      } catch (error) {
        if (error instanceof Problem && error.status === 404) {
          const { credential } = request;
          await kernel.door
            .once(credential, route.permission, () => ({ statements: [] }))
            .then(({ who }) => kernel.access.refused(credential, route.permission, "kernel.not_found", who))
            .catch(() => undefined);
        }
        throw error;
      }
    },
  };
}

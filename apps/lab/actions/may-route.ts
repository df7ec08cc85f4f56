import { Type } from "typebox";
import { defineRoute, type Kernel, type Route } from "@probity/kernel";
import { mayOf } from "./sample-view.ts";

const read = "lab.sample.read";

/** What the caller may do here, so that a page says beforehand what it would refuse. */
export function mayRoute(kernel: Kernel): Route {
  return defineRoute({
    method: "GET",
    path: "/api/lab/may",
    summary: "What the caller may do in the laboratory",
    tag: "lab",
    permission: read,
    answers: { 200: Type.Object({ may: Type.Array(Type.String()) }) },
    handle: async (request) => {
      const may = await kernel.door.work(request.credential, read, (tx) => {
        kernel.access.read(tx.who, read, request.source);
        return mayOf(tx);
      });
      return { body: { may } };
    },
  });
}

import type { Alarm, AppRoles, Reason } from "./access-types.ts";

/** `regulatory_docs.collection.read` as people read it beneath its app: `collection · read`. */
export function sayPermission(permission: string): string {
  return permission.split(".").slice(1).join(" · ").replaceAll("_", " ");
}

/** The title of an app by its first word in a permission. */
export function sayApp(app: string, apps: readonly Pick<AppRoles, "id" | "title">[]): string {
  return app === "kernel" ? "Workspace" : (apps.find((each) => each.id === app)?.title ?? app);
}

/** One link of the chain from a person to a permission. */
export function sayReason(reason: Reason, apps: readonly Pick<AppRoles, "id" | "title">[]): string {
  if (reason.kind === "platform-role") return `Role ${reason.role} of the workspace gives it.`;
  if (reason.kind === "app-role")
    return `Role ${reason.role} in ${sayApp(reason.app, apps)}, given in place of the workspace role’s, gives it.`;
  return `The workspace’s own role “${reason.name}” gives it.`;
}

/** What an alarm says happened. */
export function sayAlarm(alarm: Pick<Alarm, "kind" | "seen" | "source" | "detail"> & { readonly locked?: boolean }): {
  title: string;
  text: string;
} {
  const { kind, seen, source, detail, locked } = alarm;
  const ended = locked === true ? " It was revoked; whoever needs it makes a new one." : "";
  if (kind === "credential_stuffing")
    return {
      title: "Many accounts tried from one address",
      text: `${seen} refused sign-ins to ${String(detail["members"])} people from ${source ?? "one address"} within an hour.`,
    };
  if (kind === "impossible_travel") {
    const networks: unknown = detail["networks"];
    const listed = Array.isArray(networks) ? networks.join(" and ") : "far networks";
    if (source?.startsWith("key:") === true)
      return {
        title: `Key “${String(detail["name"])}” in two places at once`,
        text: `Used in turns from ${listed} within ${String(detail["minutes"])} minutes.${ended}`,
      };
    return {
      title: "In two places at once",
      text: `One session, active in turns from ${listed} within ${String(detail["minutes"])} minutes. Addresses are compared by network, not by map.`,
    };
  }
  if (kind === "mass_download" && source?.startsWith("link:") === true)
    return {
      title: `Link to “${String(detail["name"])}” used many times`,
      text: `Opened ${seen} times within an hour; the policy allows ${String(detail["limit"])} downloads.${ended}`,
    };
  if (kind === "mass_download")
    return {
      title: "Many downloads",
      text: `${seen} documents opened, downloaded or exported within an hour; the policy allows ${String(detail["limit"])}.`,
    };
  return {
    title: "Trying doors",
    text: `${seen} requests within an hour for records that are not there or not theirs; the policy allows ${String(detail["limit"])}.`,
  };
}

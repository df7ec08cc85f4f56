import type { Alarm, AppRoles, Reason } from "./access-types.ts";

/** What the workspace's own permissions let somebody do. */
const kernelPermissions: Readonly<Record<string, string>> = {
  "kernel.access.read": "see who can do what",
  "kernel.anchor.change": "give checkpoints to witnesses and addresses",
  "kernel.anchor.read": "see who holds checkpoints",
  "kernel.anomaly.read": "see alarms",
  "kernel.file.open": "download files",
  "kernel.home.read": "come in and see their home page",
  "kernel.job.read": "follow jobs",
  "kernel.key.change": "make API keys of their own",
  "kernel.key.manage": "see and revoke all API keys",
  "kernel.ledger.export": "export the audit trail",
  "kernel.ledger.read": "read the audit trail",
  "kernel.ledger.resume": "declare a restore",
  "kernel.operator.grant": "let an operator in",
  "kernel.outbox.open": "open mails of the outbox",
  "kernel.outbox.read": "see the outbox",
  "kernel.people.change": "invite, change and remove people",
  "kernel.people.read": "see people",
  "kernel.person.erase": "erase a person",
  "kernel.policy.change": "change policy",
  "kernel.policy.read": "see policy",
  "kernel.retention.change": "place and release legal holds",
  "kernel.retention.read": "see retention",
  "kernel.review.read": "see access reviews",
  "kernel.review.sign": "sign access reviews",
  "kernel.role.change": "make and give roles",
  "kernel.share.change": "share what is theirs",
  "kernel.share.read": "see with whom things are shared",
  "kernel.signing.own": "have a signature",
  "kernel.signing.verify": "verify who may sign",
  "kernel.sso.change": "set up single sign-on",
  "kernel.sso.read": "see single sign-on",
  "kernel.stream.change": "send the audit trail to other systems",
  "kernel.stream.read": "see where the audit trail goes",
  "kernel.workspace.freeze": "freeze the workspace",
  "kernel.workspace.thaw": "thaw the workspace",
};

/** A permission as people read it: the workspace's own in words, an app's as verb and object: `read collection`. */
export function sayPermission(permission: string): string {
  const known = kernelPermissions[permission];
  if (known !== undefined) return known;
  const [object = "", verb = ""] = permission.split(".").slice(-2);
  return `${verb} ${object}`.replaceAll("_", " ");
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

/** Whether somebody works here now: a customer's contact is let in to see their own, and is nobody to share with or hand work to. */
export function isColleague({ status, role }: { status: string; role: string }): boolean {
  return status === "active" && role !== "guest";
}

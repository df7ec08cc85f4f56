import type { OutgoingEvent } from "./event.ts";

/** The schema the events are written in: what it asks for is also in every later 1.x (schema.ocsf.io). */
export const ocsfVersion = "1.1.0";

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
/** One event of the Open Cybersecurity Schema Framework: flat JSON, ready to be written as a line. */
export type OcsfEvent = { readonly [name: string]: Json };

/** The classes our acts fall into, by their uid. */
const classes = {
  2004: { category: 2, name: "Detection Finding" },
  3001: { category: 3, name: "Account Change" },
  3002: { category: 3, name: "Authentication" },
  3004: { category: 3, name: "Entity Management" },
  3005: { category: 3, name: "User Access Management" },
  6001: { category: 6, name: "Web Resources Activity" },
  6003: { category: 6, name: "API Activity" },
} as const;
export type OcsfClass = keyof typeof classes;
type Activity = readonly [OcsfClass, number, string];

/** Acts that mean more to a SIEM than "something was changed". */
const acts: Readonly<Record<string, Activity>> = {
  "kernel.session.start": [3002, 1, "Logon"],
  "kernel.session.end": [3002, 2, "Logoff"],
  "identity.session.end_all": [3002, 2, "Logoff"],
  "kernel.token.issue": [3002, 3, "Authentication Ticket"],
  "kernel.token.refresh": [3002, 5, "Service Ticket Renew"],
  "kernel.token.reuse": [3002, 99, "Refresh token used twice"],
  "kernel.token.end": [3002, 2, "Logoff"],
  "kernel.sso.break_glass": [3002, 1, "Logon"],
  "kernel.step_up.grant": [3002, 99, "Fresh proof for one act"],
  "kernel.factor.prove": [3002, 99, "Second factor proved"],
  "kernel.factor.add": [3001, 10, "MFA Factor Enable"],
  "identity.factor.add": [3001, 10, "MFA Factor Enable"],
  "kernel.factor.remove": [3001, 11, "MFA Factor Disable"],
  "kernel.password.change": [3001, 3, "Password Change"],
  "kernel.password.link": [3001, 4, "Password Reset"],
  "kernel.membership.create": [3001, 1, "Create"],
  "kernel.membership.reopen": [3001, 2, "Enable"],
  "kernel.membership.end": [3001, 5, "Disable"],
  "kernel.scim_user.create": [3001, 1, "Create"],
  "kernel.scim_user.delete": [3001, 6, "Delete"],
  "kernel.membership.change_role": [3005, 1, "Assign Privileges"],
  "kernel.membership.make_owner": [3005, 1, "Assign Privileges"],
  "kernel.membership.hand_over": [3005, 1, "Assign Privileges"],
  "kernel.member_role.give": [3005, 1, "Assign Privileges"],
  "kernel.member_role.take_back": [3005, 2, "Revoke Privileges"],
  "kernel.share.give": [3005, 1, "Assign Privileges"],
  "kernel.share.take_back": [3005, 2, "Revoke Privileges"],
  "kernel.anomaly.raise": [2004, 1, "Create"],
  "kernel.anomaly.release": [2004, 3, "Close"],
  "kernel.link.create": [6001, 8, "Share"],
  "kernel.access.read": [6003, 2, "Read"],
  "kernel.access.refused": [6003, 99, "Refused"],
};

/** Records about people and how the workspace is run: their acts are those of an identity system. */
const administration =
  /^kernel\.(membership|invitation|api_key|custom_role|member_role|policy|policy_value|sso\w*|scim\w*|operator\w*|access_review\w*|workspace|tenant_key|signing_key|stream|witness|anchor\w*|address)$/;

/** The last word of an act that our table does not name, as the activity of the class it falls into. */
const verbs: Readonly<Record<string, readonly [number, string]>> = {
  create: [1, "Create"],
  add: [1, "Create"],
  found: [1, "Create"],
  open: [2, "Read"],
  read: [2, "Read"],
  download: [2, "Read"],
  change: [3, "Update"],
  update: [3, "Update"],
  rename: [3, "Update"],
  finish: [3, "Update"],
  delete: [4, "Delete"],
  remove: [4, "Delete"],
  revoke: [4, "Delete"],
  withdraw: [4, "Delete"],
};
/** What leaves the workspace, whatever it is about. */
const leaving: Readonly<Record<string, Activity>> = {
  export: [6001, 7, "Export"],
  download: [6001, 2, "Read"],
};

/** Which class and activity an act is. */
export function activityOf(action: string): Activity {
  const named = acts[action];
  if (named) return named;
  const verb = action.slice(action.lastIndexOf(".") + 1);
  const left = leaving[verb];
  if (left) return left;
  const of = administration.test(action.slice(0, action.lastIndexOf("."))) ? 3004 : 6003;
  const [id, name] = verbs[verb] ?? [99, verb.replaceAll("_", " ")];
  return [of, id, name];
}

/**
 * An event of the ledger as OCSF. `metadata.uid` is its leaf hash, by which a receiver drops what it has already;
 * `metadata.sequence` has no gaps, so a receiver sees what it lacks; `raw_data` is the leaf, whose hash anybody can make.
 */
export function ocsfOf(event: OutgoingEvent): OcsfEvent {
  const [uid, activity, name] = activityOf(event.action);
  const { category, name: className } = classes[uid];
  const failed = event.outcome !== "done";
  const user = {
    uid: event.actorId,
    ...(event.actorName === null ? {} : { name: event.actorName }),
    type_id: event.actorName === "Probity" ? 3 : 1,
  };
  const endpoint = event.source === null ? { name: "unknown" } : { ip: event.source };
  return {
    class_uid: uid,
    class_name: className,
    category_uid: category,
    activity_id: activity,
    activity_name: name,
    type_uid: uid * 100 + activity,
    time: Date.parse(event.at),
    severity_id: uid === 2004 ? 4 : failed ? 3 : 1,
    status_id: failed ? 2 : 1,
    ...(failed ? { status_detail: event.outcome } : {}),
    message: event.action,
    metadata: {
      version: ocsfVersion,
      product: { name: "Probity", vendor_name: "Probity" },
      uid: event.leafHash,
      sequence: event.seq,
      event_code: event.action,
      log_name: event.origin,
      tenant_uid: event.tenantId,
      original_time: event.at,
      correlation_uid: event.request,
    },
    actor: { user },
    ...objectOf(uid, event, user, endpoint),
    raw_data: event.leaf,
  };
}

/** What the class asks for beside the common part. */
function objectOf(uid: OcsfClass, event: OutgoingEvent, user: Json, endpoint: Json): OcsfEvent {
  const object = {
    ...(event.rowId === null ? {} : { uid: event.rowId }),
    name: event.record ?? event.action,
    type: event.record ?? event.action.slice(0, event.action.lastIndexOf(".")),
  };
  switch (uid) {
    case 2004:
      return { finding_info: { uid: event.rowId ?? event.leafHash, title: event.action } };
    case 3001:
      return { user: event.rowId === null ? user : { uid: event.rowId }, src_endpoint: endpoint };
    case 3002:
      return { user, service: { name: "Probity" }, src_endpoint: endpoint, is_remote: true };
    case 3004:
      return {
        entity: { ...object, ...(event.version === null ? {} : { version: String(event.version) }) },
        src_endpoint: endpoint,
      };
    case 3005:
      return { user: { uid: event.rowId ?? event.actorId }, privileges: [object.type], src_endpoint: endpoint };
    case 6001:
      return { web_resources: [object], src_endpoint: endpoint };
    case 6003:
      return { api: { operation: event.action }, src_endpoint: endpoint, resources: [object] };
  }
}

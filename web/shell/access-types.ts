/** What the pages about access read: roles, who can do what, reviews, alarms, operators, shares. */
export type Reason =
  | { kind: "platform-role"; role: string }
  | { kind: "app-role"; app: string; role: string }
  | { kind: "custom-role"; id: string; name: string };

export interface Principal {
  kind: "member" | "key" | "link";
  id: string;
  name: string;
  email: string | null;
  memberId: string;
  platformRole: string;
  until: string | null;
  holds: { permission: string; why: Reason[] }[];
}
export interface AppRoles {
  id: string;
  title: string;
  roles: { id: string; title: string; about: string; permissions: string[] }[];
}
export interface AccessView {
  principals: Principal[];
  permissions: { id: string; app: string; ownersOnly: boolean }[];
  apps: AppRoles[];
}
export interface CustomRole {
  id: string;
  name: string;
  description: string;
  permissions: string[];
  version: number;
}
export interface RolesView {
  platform: { id: string; permissions: string[] }[];
  apps: AppRoles[];
  custom: CustomRole[];
  permissions: string[];
  yours: string[];
  members: Record<string, { apps: Record<string, string>; customRoles: string[] }>;
}
interface Named {
  id: string;
  name: string | null;
}
export interface Review {
  id: string;
  number: number;
  openedAt: string;
  dueAt: string;
  closedAt: string | null;
  /** When its signature locked it. */
  signedAt: string | null;
  outcome: { confirmed: number; removed: number; unreviewed: number; sha256: string } | null;
  items: number;
  decided: number;
  overdue: boolean;
}
export interface ReviewItem {
  id: string;
  kind: "member" | "key";
  subjectId: string;
  memberId: string;
  name: string;
  role: string;
  permissions: string[];
  reviewer: Named | null;
  decision: "confirmed" | "removed" | null;
  decidedBy: Named | null;
  decidedAt: string | null;
  note: string | null;
}
export interface Alarm {
  id: string;
  kind: "credential_stuffing" | "impossible_travel" | "mass_download" | "probing";
  member: Named | null;
  source: string | null;
  seen: number;
  firstAt: string;
  lastAt: string;
  detail: Record<string, unknown>;
  locked: boolean;
  foundAt: string;
  releasedBy: Named | null;
  releasedAt: string | null;
  releaseReason: string | null;
}
export interface OperatorGrant {
  id: string;
  email: string;
  reason: string;
  grantedBy: string | null;
  grantedAt: string;
  expiresAt: string;
  endedAt: string | null;
  state: "offered" | "active" | "ended";
}
export interface Sharing {
  owner: Named;
  yours: boolean;
  policy: "workspace" | "owner";
  members: Named[];
}

import type { HomeItem } from "../app.ts";
import type { Tx } from "../work/door.ts";
import { listAnomalies } from "./anomaly.ts";

/** Open alarms, for the people who may release them. */
export async function anomalyHome(tx: Tx, workspaceSlug: string): Promise<HomeItem[]> {
  if (tx.who.role !== "owner" && tx.who.role !== "admin") return [];
  const open = (await listAnomalies(tx)).filter((alarm) => alarm.releasedAt === null);
  if (open.length === 0) return [];
  const locked = open.filter((alarm) => alarm.locked).length;
  return [
    {
      urgency: "today",
      verb: "Look at",
      object: open.length === 1 ? "1 alarm" : `${open.length} alarms`,
      detail: locked === 0 ? "Nobody is locked out." : `${locked} locked their source until you release them.`,
      reason: "You are an admin here.",
      href: `/w/${workspaceSlug}/alarms`,
      act: "Open",
    },
  ];
}

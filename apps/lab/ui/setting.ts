import { read } from "@probity/web/shell/api.ts";
import { useQuery } from "@tanstack/react-query";
import { inspectApi } from "./inspect-path.ts";

export interface Decided<Value> {
  id: string;
  value: Value;
  effectiveAt: string;
  reason: string;
  maker: string;
}
/** A setting of the laboratory: what is in force, and every decision, the newest first. */
export interface Setting<Value> {
  name: string;
  title: string;
  value: Value;
  decided: Decided<Value>[];
}
interface Settings<Value> {
  items: Setting<Value>[];
  may: string[];
  people: { id: string; name: string }[];
}

export const settingKey = (ws: string) => ["lab-settings", ws];

/** The settings as they were at `readAt`. What is decided “at once” holds from the server's next second on: read again then. */
export function useSettings<Value>(ws: string) {
  return useQuery({
    queryKey: settingKey(ws),
    queryFn: async () => ({
      ...(await read<Settings<Value>>(inspectApi.settings())),
      readAt: new Date().toISOString(),
    }),
    refetchInterval: ({ state }) => (state.data !== undefined && comesSoon(state.data) ? 1500 : false),
  });
}

function comesSoon<Value>({ items, readAt }: { items: readonly Setting<Value>[]; readAt: string }): boolean {
  const soon = new Date(Date.parse(readAt) + 5000).toISOString();
  return items.some((each) => each.decided.some((one) => one.effectiveAt > readAt && one.effectiveAt < soon));
}

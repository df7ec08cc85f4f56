import { useQuery } from "@tanstack/react-query";
import { read } from "./api.ts";
import type { PolicyItem } from "./api-types.ts";
import { api, page } from "./path.ts";
import { Go, usePlace } from "./place.tsx";
import { sayPolicy } from "./policy-value.ts";
import css from "./policy-limit.module.css";

/** A limit as it is in force, linked to its row of the policy page. Nothing while it is not known. */
export function PolicyLimit({ name }: { name: string }) {
  const ws = usePlace().params.ws ?? "";
  const list = useQuery({
    queryKey: ["policy", ws],
    queryFn: async () => (await read<{ items: PolicyItem[] }>(api.policies())).items,
    staleTime: 5 * 60_000,
  });
  const item = list.data?.find((each) => each.name === name);
  if (item === undefined) return <>…</>;
  return (
    <Go to={page.policy(ws, name)} className={css.limit}>
      {sayPolicy(item.value, item)}
    </Go>
  );
}

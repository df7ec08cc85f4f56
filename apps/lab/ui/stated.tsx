import { read } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { useQuery } from "@tanstack/react-query";
import { uncertaintyApi, type Stated } from "./uncertainty-types.ts";

/** What results state of their uncertainty, by the result's id; those that state none are not in it. */
export function useStated(ids: readonly string[]): ReadonlyMap<string, Stated> {
  const stated = useQuery({
    queryKey: ["lab-stated", ...ids],
    queryFn: async () => (await read<{ items: Stated[] }>(uncertaintyApi.stated(ids.slice(0, 200)))).items,
    enabled: ids.length > 0,
  });
  return new Map((stated.data ?? []).map((each) => [each.resultId, each]));
}

/** `7.24 ± 0.06 (k = 2)`: the result and its expanded uncertainty, to the same place. */
export function StatedUncertainty({ of }: { of: Stated | undefined }) {
  if (of === undefined) return null;
  return (
    <span className={page.meta} title={`Expanded uncertainty by budget v${of.number}`}>
      {of.value} ± {of.expanded} {of.unit} (k = {of.coverage})
    </span>
  );
}

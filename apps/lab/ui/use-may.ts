import { read } from "@probity/web/shell/api.ts";
import { usePlace } from "@probity/web/shell/place.tsx";
import { useQuery } from "@tanstack/react-query";
import { labApi } from "./path.ts";

/** What the reader may do in the laboratory; undefined until it is known, which refuses nothing. */
export function useMay(): readonly string[] | undefined {
  const ws = usePlace().params["ws"] ?? "";
  return useQuery({
    queryKey: ["lab-may", ws],
    queryFn: () => read<{ may: string[] }>(labApi.may()),
    staleTime: 60_000,
  }).data?.may;
}

import { useInfiniteQuery } from "@tanstack/react-query";
import { read } from "./api.ts";
import type { Page } from "./api-types.ts";

/** A keyset list read page by page; `path` gets the cursor of the next one. */
export function usePages<Item>(key: readonly unknown[], path: (cursor: string | undefined) => string) {
  const query = useInfiniteQuery({
    queryKey: key,
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => read<Page<Item>>(path(pageParam === "" ? undefined : pageParam), signal),
    getNextPageParam: (last) => last.next ?? undefined,
  });
  return {
    ...query,
    items: query.data?.pages.flatMap((page) => page.items) ?? [],
    total: query.data?.pages[0]?.total,
  };
}

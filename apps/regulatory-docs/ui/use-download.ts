import { write } from "@probity/web/shell/api.ts";
import { useMutation } from "@tanstack/react-query";
import { docsApi } from "./path.ts";

/** Downloads a document by a link made for it. */
export function useDownload(): { start: (id: string) => void; failed: Error | null } {
  const open = useMutation({
    mutationFn: async (id: string) => {
      const link = await write<{ url: string }>("POST", docsApi.download(id));
      const anchor = document.createElement("a");
      anchor.href = link.url;
      anchor.download = "";
      anchor.click();
    },
  });
  return { start: open.mutate, failed: open.error };
}

import { MantineProvider } from "@mantine/core";
import { type ReactNode, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { readNonce, shareNonce } from "./nonce.ts";
import { theme, variables } from "./theme.ts";

/** Puts a document's content on its page, in the look of the product. */
export function stage(content: ReactNode): void {
  shareNonce();
  document.documentElement.dataset.rows = localStorage.getItem("probity.row-height") ?? "36";
  const root = document.getElementById("root");
  if (root === null) return;
  createRoot(root).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        cssVariablesResolver={variables}
        defaultColorScheme="auto"
        getStyleNonce={readNonce}
      >
        {content}
      </MantineProvider>
    </StrictMode>,
  );
}

import "./kit/fonts.css";
import "./kit/mantine.css";
import "./kit/tokens.css";
import "./kit/base.css";
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { readNonce, shareNonce } from "./kit/nonce.ts";
import { theme, variables } from "./kit/theme.ts";
import { queries } from "./shell/queries.ts";
import { router } from "./shell/router.tsx";

shareNonce();
document.documentElement.dataset.rows = localStorage.getItem("probity.row-height") ?? "36";

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        cssVariablesResolver={variables}
        defaultColorScheme="auto"
        getStyleNonce={readNonce}
      >
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}

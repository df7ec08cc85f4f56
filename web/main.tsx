import "./kit/fonts.css";
import "./kit/mantine.css";
import "./kit/tokens.css";
import "./kit/base.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { stage } from "./kit/stage.tsx";
import { queries } from "./shell/queries.ts";
import { router } from "./shell/router.tsx";

stage(
  <QueryClientProvider client={queries}>
    <RouterProvider router={router} />
  </QueryClientProvider>,
);

import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Act } from "../kit/act.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { download } from "./api.ts";
import { asProblem } from "./problem.ts";

/** Hands a file to the browser's download; what comes in its way is said, not swallowed. */
export function DownloadAct(props: {
  children: ReactNode;
  /** Address of the file in the API. */
  path: string;
  /** Name it gets where the server gives none. */
  name: string;
  look?: "main" | "plain" | "quiet";
  size?: "row" | "form";
  label?: string;
  disabledReason?: string | undefined;
}) {
  const fetched = useMutation({ mutationFn: () => download(props.path, props.name) });
  return (
    <>
      <Act
        look={props.look ?? "plain"}
        size={props.size ?? "row"}
        {...(props.label === undefined ? {} : { label: props.label })}
        busy={fetched.isPending}
        disabledReason={props.disabledReason}
        onAct={() => fetched.mutate()}
      >
        {props.children}
      </Act>
      {fetched.isError && (
        <Dialog open title="Nothing was downloaded" onClose={() => fetched.reset()}>
          <ProblemNotice problem={asProblem(fetched.error)} onRetry={() => fetched.mutate()} />
        </Dialog>
      )}
    </>
  );
}

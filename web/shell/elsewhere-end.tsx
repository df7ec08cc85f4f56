import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { Notice } from "../kit/notice.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { readPublic } from "./api.ts";
import { tell } from "./elsewhere.ts";
import { api } from "./path.ts";
import { usePlace, useTitle } from "./place.tsx";
import type { SsoOptions } from "./sso-types.ts";
import css from "./page.module.css";

/** Where the second window ends: it tells the page that waits, and closes. What it says is for browsers that keep it open. */
export function ElsewhereEnd() {
  useTitle("Confirmed");
  const { search } = usePlace();
  const id = typeof search.id === "string" ? search.id : "";
  const code = typeof search.code === "string" ? search.code : "";
  const nothing = id === "" && code === "";
  const texts = useQuery({
    queryKey: ["sso-options"],
    queryFn: () => readPublic<SsoOptions>(api.ssoOptions()),
    enabled: code !== "",
  });
  useEffect(() => {
    if (nothing) return;
    tell({ id, code });
    if (code === "") window.close();
  }, [id, code, nothing]);
  const told = texts.data?.problems[code];
  return (
    <div className={css.narrow}>
      <h1>{nothing ? "Nothing to confirm" : code === "" ? "You are confirmed" : "Not confirmed"}</h1>
      {nothing ? (
        <p className={css.muted}>
          This page ends a confirmation that was begun in another window, and none was. Nothing was changed. Go back to
          where you want to sign or act, and begin there.
        </p>
      ) : code === "" ? (
        <Notice tone="covered">Go on in the window where you began. This one can be closed.</Notice>
      ) : (
        <>
          {told !== undefined && <ProblemNotice problem={{ ...told, next: "", requestId: "" }} />}
          <p className={css.muted}>
            Nothing was lost in the window where you began. Close this one, and begin again there.
          </p>
        </>
      )}
    </div>
  );
}

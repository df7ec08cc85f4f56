import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Dialog } from "../kit/dialog.tsx";
import { whenExpired } from "./api.ts";
import { sessionKey } from "./session.ts";
import { SignInForm } from "./sign-in.tsx";
import css from "./page.module.css";

/**
 * Sign-in over the page when the session ended beneath it. What was entered stays in memory beneath; another
 * person signing in discards it.
 */
export function Expired({ user }: { user: string }) {
  const [open, setOpen] = useState(false);
  const queries = useQueryClient();
  useEffect(() => {
    whenExpired(() => {
      setOpen(true);
      return true;
    });
    return () => whenExpired(() => false);
  }, []);
  useEffect(() => {
    if (!open) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [open]);
  return (
    <Dialog open={open} closable={false} onClose={() => {}} title="Your session ended" above>
      <div className={css.form}>
        <p>What you entered is still here, beneath. Sign in to go on.</p>
        <SignInForm
          onSession={(session) => {
            setOpen(false);
            if (session.user.id !== user) {
              location.assign("/");
              return;
            }
            queries.setQueryData(sessionKey, session);
            void queries.invalidateQueries();
          }}
        />
      </div>
    </Dialog>
  );
}

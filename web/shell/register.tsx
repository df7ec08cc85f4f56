import { Notice } from "../kit/notice.tsx";
import { MailRequest } from "./mail-request.tsx";
import { api, page } from "./path.ts";
import { Go, useTitle } from "./place.tsx";
import { useInstance } from "./session.ts";
import css from "./page.module.css";

/** Begins a registration: nothing but the address is asked, since only its reader may go on. */
export function Register() {
  useTitle("Register");
  const instance = useInstance();
  const limit = instance.data?.accountLimits?.registration;
  return (
    <div className={css.narrow}>
      <h1>Open an account</h1>
      {instance.data?.registration === false ? (
        <Notice tone="none">
          This instance takes no registrations. Nothing was stored. Ask a workspace's admin for an invitation.
        </Notice>
      ) : (
        <MailRequest
          act="register"
          path={api.registration()}
          button="Send the link"
          lead="A link goes to your address. With it you choose your name, your password and a workspace of your own."
          sent={(email) =>
            `A mail to ${email} is on its way. Its link works once, for 60 minutes. No account has been made yet.`
          }
        />
      )}
      {limit !== undefined && instance.data?.registration !== false && (
        <p className={css.muted}>
          One address may begin {limit.attempts} registrations in {limit.windowMinutes} minutes.
        </p>
      )}
      <p className={css.muted}>
        You have an account: <Go to={page.signIn()}>sign in</Go>.
      </p>
    </div>
  );
}

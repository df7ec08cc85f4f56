import { MailRequest } from "./mail-request.tsx";
import { api, page } from "./path.ts";
import { Go, useTitle } from "./place.tsx";
import css from "./page.module.css";

/** Asks for the mail with which a new password is chosen. The answer is the same for an address nobody has. */
export function Forgot() {
  useTitle("Forgot password");
  return (
    <div className={css.narrow}>
      <h1>Choose a new password</h1>
      <MailRequest
        act="reset"
        path={api.reset()}
        button="Send the link"
        lead="A link goes to your address. It works once, and your password stays as it is until you use it."
        sent={(email) =>
          `If ${email} has an account here, a link is on its way. It works once, for 60 minutes. Nothing has been changed. No mail after a few minutes: look among unwanted mail, or ask your workspace's owner, who may have it in the outbox.`
        }
      />
      <p className={css.muted}>
        <Go to={page.signIn()}>Back to sign-in</Go>
      </p>
    </div>
  );
}

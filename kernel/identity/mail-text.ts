import { defineMail, spoken } from "../mail/template.ts";

/** The mails about accounts. Who did not ask for one is told what to do: nothing, unless something was changed. */
export const invitationMail = defineMail(
  "identity.invitation",
  (values: { workspace: string; role: string; url: string; days: number }) => ({
    subject: `Invitation to ${spoken(values.workspace)}`,
    parts: [
      `You are invited to the workspace ${spoken(values.workspace)} on Probity, with the role ${values.role}.`,
      { label: "Join the workspace", url: values.url },
      `The link works once and for ${values.days} days. If you don't know the workspace, do nothing: nobody joins without this link.`,
    ],
  }),
);

export const lockedMail = defineMail(
  "identity.locked",
  (values: { name: string; attempts: number; minutes: number; url: string }) => ({
    subject: "Sign-in to your account is paused",
    parts: [
      `${spoken(values.name)}, there were ${values.attempts} failed sign-ins to your account. Sign-in is paused for ${values.minutes} minutes and opens again by itself.`,
      "Nobody got in: after the limit no password is looked at. If these were your own tries, wait, or choose a new password.",
      { label: "Choose a new password", url: `${values.url}/forgot` },
      "You get this at most once in six hours.",
    ],
  }),
);

export const resetMail = defineMail("identity.reset", (values: { name: string; url: string; minutes: number }) => ({
  subject: "Choose a new password",
  parts: [
    `${spoken(values.name)}, somebody asked for a new password for your account. If it was you, choose it here.`,
    { label: "Choose a new password", url: values.url },
    `The link works once and for ${values.minutes} minutes. If it was not you, do nothing: your password stays as it is.`,
  ],
}));

export const noPasswordMail = defineMail("identity.no_password", (values: { name: string; url: string }) => ({
  subject: "Your account has no password",
  parts: [
    `${spoken(values.name)}, somebody asked for a new password for your account. It has none: you sign in through your organisation or another service.`,
    { label: "Sign in", url: `${values.url}/signin` },
    "If it was not you, do nothing.",
  ],
}));

export const passwordChangedMail = defineMail("identity.password_changed", (values: { name: string; url: string }) => ({
  subject: "Your password was changed",
  parts: [
    `${spoken(values.name)}, the password of your account was changed, and every other session was signed out.`,
    "If it was you, there is nothing to do. If not, choose a new password at once and tell the owner of your workspace.",
    { label: "Choose a new password", url: `${values.url}/forgot` },
  ],
}));

/** Every change of how somebody signs in is told to their mailbox: whoever changed it may not be them. */
export const factorMail = defineMail(
  "identity.factor",
  (values: { name: string; change: "added" | "removed" | "codes"; factor: string; url: string }) => {
    const happened = {
      added: `a second factor, ${values.factor}, was added to your account`,
      removed: `a second factor, ${values.factor}, was removed from your account`,
      codes: "new recovery codes were made for your account, and the older ones work no more",
    }[values.change];
    return {
      subject:
        values.change === "added"
          ? "A second factor was added"
          : values.change === "removed"
            ? "A second factor was removed"
            : "New recovery codes were made",
      parts: [
        `${spoken(values.name)}, ${happened}.`,
        "If it was you, there is nothing to do. If not, choose a new password at once and tell the owner of your workspace.",
        { label: "Choose a new password", url: `${values.url}/forgot` },
      ],
    };
  },
);

export const linkedMail = defineMail("identity.linked", (values: { name: string; provider: string; url: string }) => ({
  subject: `${values.provider} signs in to your account`,
  parts: [
    `${spoken(values.name)}, an account at ${values.provider} was linked to yours: whoever holds it signs in as you.`,
    "If it was you, there is nothing to do. If not, remove it on your account page and choose a new password.",
    { label: "Your account", url: `${values.url}/me` },
  ],
}));

export const unlinkedMail = defineMail(
  "identity.unlinked",
  (values: { name: string; provider: string; url: string }) => ({
    subject: `${values.provider} no longer signs in to your account`,
    parts: [
      `${spoken(values.name)}, the account at ${values.provider} was taken away from yours.`,
      "If it was you, there is nothing to do. If not, choose a new password at once and tell the owner of your workspace.",
      { label: "Choose a new password", url: `${values.url}/forgot` },
    ],
  }),
);

export const renewedMail = defineMail(
  "identity.renewed",
  (values: { name: string; workspace: string; url: string }) => ({
    subject: "You sign in through your organisation now",
    parts: [
      `${spoken(values.name)}, ${spoken(values.workspace)} signed you in through its identity provider. Nobody had confirmed the address of your account, so everything else that opened it ended: its password, second factors, sessions and keys.`,
      "This keeps out whoever may have set the account up before you. There is nothing to do.",
      { label: "Sign in", url: `${values.url}/signin` },
    ],
  }),
);

export const verifyMail = defineMail("identity.verify", (values: { name: string; url: string; hours: number }) => ({
  subject: "Confirm your address",
  parts: [
    `${spoken(values.name)}, confirm that this address is yours. You need to be signed in.`,
    { label: "Confirm the address", url: values.url },
    `The link works for ${values.hours} hours. If you have no account here, do nothing: without you the address stays unconfirmed.`,
  ],
}));

export const registerMail = defineMail("identity.register", (values: { url: string; minutes: number }) => ({
  subject: "Finish your registration",
  parts: [
    "Somebody, likely you, began a registration with this address. Finish it here: you choose your name, your password and a workspace.",
    { label: "Finish the registration", url: values.url },
    `The link works once and for ${values.minutes} minutes. If it was not you, do nothing: no account was made.`,
  ],
}));

export const knownMail = defineMail("identity.known", (values: { name: string; url: string }) => ({
  subject: "You have an account already",
  parts: [
    `${spoken(values.name)}, somebody, likely you, began a registration with this address. It has an account already: sign in, and open another workspace from “Me”.`,
    { label: "Sign in", url: `${values.url}/signin` },
    "If it was not you, do nothing.",
  ],
}));

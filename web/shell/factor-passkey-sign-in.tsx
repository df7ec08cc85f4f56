import { useState } from "react";
import { Act } from "../kit/act.tsx";
import { write } from "./api.ts";
import type { Session } from "./api-types.ts";
import { askPasskey, passkeysHere } from "./factor-passkey.ts";
import { api } from "./path.ts";
import { type ApiProblem, asProblem } from "./problem.ts";

/** Signs in by a passkey alone: no address is typed, the passkey knows whose it is. */
export function PasskeySignIn(props: {
  onSession: (session: Session) => void;
  onProblem: (problem: ApiProblem) => void;
}) {
  const [busy, setBusy] = useState(false);
  if (!passkeysHere()) return null;
  const go = async () => {
    setBusy(true);
    try {
      const open = { public: true };
      const options = await write<PublicKeyCredentialRequestOptionsJSON>(
        "POST",
        api.passkeySignInOptions(),
        undefined,
        open,
      );
      const passkey = await askPasskey(options);
      props.onSession(await write<Session>("POST", api.passkeySignIn(), { passkey }, open));
    } catch (error) {
      props.onProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Act size="form" busy={busy} onAct={() => void go()}>
      Sign in with a passkey
    </Act>
  );
}

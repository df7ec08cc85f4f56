import { Act } from "../kit/act.tsx";
import css from "./page.module.css";

/** Where the reader's own request came from, beside a list of networks; with a way to add it. */
export function NetworkHere(props: { address: string; listed: string; onAdd: (network: string) => void }) {
  const own = `${props.address}/${props.address.includes(":") ? 128 : 32}`;
  const isListed = props.listed.split(/\s+/).includes(own);
  return (
    <p className={css.row}>
      <span className={css.meta}>
        You come from <span className={css.mono}>{props.address}</span> now. A list without it shuts you out.
      </span>
      {!isListed && <Act onAct={() => props.onAdd(own)}>Add my address</Act>}
    </p>
  );
}

/** Said before a list is taken that does not hold the reader's own address. */
export function LockOutConsent(props: { checked: boolean; onChange: (checked: boolean) => void }) {
  return (
    <label className={css.row}>
      <input
        type="checkbox"
        checked={props.checked}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
      />
      <span>Shut me out of this workspace from where I am now</span>
    </label>
  );
}

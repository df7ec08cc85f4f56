import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import css from "./sso.module.css";

/** An exact value to put elsewhere, with the act that copies it. */
export function CopyLine({ label, value }: { label: string; value: string }) {
  return (
    <div className={css.copy}>
      <dt>{label}</dt>
      <dd>
        <code>{value}</code>
        <Act
          look="quiet"
          label={`Copy ${label}`}
          onAct={() => void navigator.clipboard.writeText(value).then(() => announce(`${label} copied`))}
        >
          Copy
        </Act>
      </dd>
    </div>
  );
}

import { Dialog } from "./dialog.tsx";
import { KeyHint } from "./key-hint.tsx";
import css from "./key-help.module.css";

/** The keys of this page, opened by `?`. */
export function KeyHelp(props: {
  open: boolean;
  onClose: () => void;
  keys: readonly (readonly [key: string, does: string])[];
}) {
  return (
    <Dialog open={props.open} onClose={props.onClose} title="Keys of this page">
      <table className={css.keys}>
        <tbody>
          {props.keys.map(([key, does]) => (
            <tr key={key}>
              <th scope="row">
                <span className="p-hidden">{key}</span>
                <KeyHint of={key} />
              </th>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className={css.note}>Single letters can be switched off under Me.</p>
    </Dialog>
  );
}

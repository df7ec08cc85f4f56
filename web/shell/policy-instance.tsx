import { showTime } from "../kit/time.ts";
import css from "./policy.module.css";
import pageCss from "./page.module.css";

/** A number that whoever runs the instance set for every workspace of it. */
export type InstanceLimit = {
  name: string;
  title: string;
  effect: string;
  value: string;
  /** What the configuration allows at most, and the variable that says so. */
  configured: string;
  configuredBy: string;
  /** Zero while nobody set it. */
  version: number;
  changedBy: string | null;
  changedAt: string | null;
  reason: string | null;
};

/** What holds before it is known whose workspace somebody belongs to: read here, set by the operator's command. */
export function InstanceLimits({ items }: { items: readonly InstanceLimit[] }) {
  return (
    <section aria-labelledby="instance-limits">
      <h2 id="instance-limits" className={css.section}>
        The same for every workspace here
      </h2>
      <p className={pageCss.muted}>
        These hold before anybody is signed in, when it is not known whose workspace would say. Whoever runs this
        instance sets them with <span className={pageCss.mono}>npx probity policy set</span>, no laxer than its
        configuration, and each change is an event in the instance’s own log.
      </p>
      <ul className={css.list} aria-label="Set by the operator">
        {items.map((item) => (
          <li key={item.name} className={css.item}>
            <div className={css.words}>
              <h3>{item.title}</h3>
              <p>{item.effect}</p>
              <p className={css.since}>
                {item.version === 0 ? (
                  <>
                    As configured in <span className={pageCss.mono}>{item.configuredBy}</span>.
                  </>
                ) : (
                  <>
                    Version {item.version}, {item.changedBy}
                    {item.changedAt !== null && `, ${showTime(item.changedAt)}`}
                    {item.reason !== null && <>: “{item.reason}”</>}
                  </>
                )}
              </p>
            </div>
            <dl className={css.values}>
              <div>
                <dt>In force</dt>
                <dd className={css.value}>{item.value}</dd>
              </div>
              {item.version > 0 && (
                <div>
                  <dt>At most, as configured</dt>
                  <dd>{item.configured}</dd>
                </div>
              )}
            </dl>
          </li>
        ))}
      </ul>
    </section>
  );
}

import css from "./policy.module.css";
import pageCss from "./page.module.css";

/** A number that whoever runs the instance set for every workspace of it. */
export type InstanceLimit = { name: string; title: string; effect: string; value: string };

/** What holds before it is known whose workspace somebody belongs to: read here, set in the configuration. */
export function InstanceLimits({ items }: { items: readonly InstanceLimit[] }) {
  return (
    <section aria-labelledby="instance-limits">
      <h2 id="instance-limits" className={css.section}>
        The same for every workspace here
      </h2>
      <p className={pageCss.muted}>
        These hold before anybody is signed in, when it is not known whose workspace would say. Whoever runs this
        instance sets them.
      </p>
      <ul className={css.list} aria-label="Set by the operator">
        {items.map((item) => (
          <li key={item.name} className={css.item}>
            <div className={css.words}>
              <h3>{item.title}</h3>
              <p>{item.effect}</p>
              <p className={css.since}>
                <span className={pageCss.mono}>{item.name}</span>
              </p>
            </div>
            <dl className={css.values}>
              <div>
                <dt>In force</dt>
                <dd className={css.value}>{item.value}</dd>
              </div>
            </dl>
          </li>
        ))}
      </ul>
    </section>
  );
}

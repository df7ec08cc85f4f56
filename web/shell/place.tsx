import { Link, useParams, useRouter, useRouterState } from "@tanstack/react-router";
import { type ReactNode, useCallback, useEffect } from "react";
import { ownDocument } from "./path.ts";

/** Where the reader is: parameters of the path and query of the address, and how to go on. */
export function usePlace() {
  const router = useRouter();
  const location = useRouterState({ select: (state) => state.location });
  const params: Record<string, string | undefined> = useParams({ strict: false });
  const search: Record<string, unknown> = location.search;
  const go = useCallback(
    (to: string, replace = false) => (replace ? router.history.replace(to) : router.history.push(to)),
    [router],
  );
  const query = useCallback(
    (values: Record<string, string | number | undefined>, replace = false) => {
      const to = router.state.location.pathname + writeQuery(values);
      if (replace) router.history.replace(to);
      else router.history.push(to);
    },
    [router],
  );
  return { path: location.pathname, params, search, go, query };
}

/** `?a=1&b=x`, without what is empty. */
export function writeQuery(values: Record<string, unknown>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined && value !== "" && value !== 0) search.set(key, String(value));
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

/** The query as plain text values; screens read the ones they know. */
export function readQuery(text: string): Record<string, unknown> {
  return Object.fromEntries(new URLSearchParams(text));
}

/** A link inside the site; loads nothing anew, but for a page that is a document of its own. */
export function Go(props: {
  to: string;
  children: ReactNode;
  className?: string | undefined;
  current?: boolean;
  label?: string;
}) {
  if (ownDocument(props.to))
    return (
      <a href={props.to} className={props.className} aria-label={props.label}>
        {props.children}
      </a>
    );
  return (
    <Link
      to={props.to}
      className={props.className ?? ""}
      aria-current={props.current ? "page" : undefined}
      aria-label={props.label}
      activeProps={{}}
      activeOptions={{ exact: true }}
    >
      {props.children}
    </Link>
  );
}

/** Names the page in the browser's title. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title === "" ? "Probity" : `${title} · Probity`;
  }, [title]);
}

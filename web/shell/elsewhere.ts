import { readPublic } from "./api.ts";
import { api } from "./path.ts";
import { ApiProblem } from "./problem.ts";
import type { SsoOptions } from "./sso-types.ts";

/** What a second window that was at the identity provider says when it is back: which proof, and the refusal if it was one. */
export interface Told {
  id: string;
  code: string;
}

const channel = "probity-elsewhere";

/** Tells the page that waits. Another window of ours hears it whether or not the provider's pages cut the windows apart. */
export function tell(told: Told): void {
  const line = new BroadcastChannel(channel);
  // oxlint-disable-next-line require-post-message-target-origin -- a channel is of its origin alone
  line.postMessage(told);
  line.close();
}

/**
 * Opens a second window at the identity provider and waits until it is back; what is entered here stays. Throws the refusal.
 * The window is opened in the click itself: one that opens later is kept shut by browsers.
 */
export async function goElsewhere<T extends { url: string; id: string }>(
  begin: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const second = window.open("", "probity-elsewhere", "popup,width=520,height=720");
  try {
    const leaving = await begin();
    if (second === null) window.open(leaving.url, "_blank", "noopener");
    else second.location.href = leaving.url;
    const code = await heard(leaving.id, signal);
    if (code === "") return leaving;
    const texts = await readPublic<SsoOptions>(api.ssoOptions());
    const { title, detail } = texts.problems[code] ?? {
      title: "Not confirmed",
      detail: "Nothing was changed. Begin again.",
    };
    throw new ApiProblem({ status: 403, code, title, detail });
  } catch (error) {
    second?.close();
    throw error;
  }
}

function heard(id: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const line = new BroadcastChannel(channel);
    const stop = () => line.close();
    line.addEventListener("message", (event: MessageEvent<unknown>) => {
      const told = event.data;
      if (typeof told !== "object" || told === null || Reflect.get(told, "id") !== id) return;
      stop();
      resolve(String(Reflect.get(told, "code") ?? ""));
    });
    signal.addEventListener("abort", () => {
      stop();
      reject(new DOMException("Given up", "AbortError"));
    });
  });
}

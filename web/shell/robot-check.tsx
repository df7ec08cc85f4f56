import { useCallback, useRef } from "react";
import { readPublic } from "./api.ts";
import { api } from "./path.ts";
import { ApiProblem } from "./problem.ts";

interface Challenge {
  salt: string;
  target: string;
  max: number;
  expires: number;
  signature: string;
}
interface Offered {
  kind: "proof" | "recaptcha" | "turnstile" | "hcaptcha";
  siteKey: string | null;
  challenge: Challenge | null;
}

/** Where each service has its script, as its manual says. */
const scripts = {
  recaptcha: (key: string) => `https://www.google.com/recaptcha/api.js?render=${encodeURIComponent(key)}`,
  turnstile: () => "https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit",
  hcaptcha: () => "https://js.hcaptcha.com/1/api.js?render=explicit",
} as const;

/**
 * The check against robots of one form: `answer` does it and gives what the server wants to see. The built-in one works in
 * the background and asks nobody; a service shows its own box in `place`.
 */
export function useRobotCheck(act: "register" | "reset") {
  const box = useRef<HTMLDivElement>(null);
  const answer = useCallback(async (): Promise<string> => {
    const offered = await readPublic<Offered>(api.captcha());
    if (offered.challenge !== null) return solve(offered.challenge);
    if (offered.kind === "proof" || offered.siteKey === null || box.current === null) throw away();
    return ask(offered.kind, offered.siteKey, act, box.current);
  }, [act]);
  return { answer, place: <div ref={box} /> };
}

function solve(challenge: Challenge): Promise<string> {
  const worker = new Worker(new URL("./proof-worker.ts", import.meta.url), { type: "module" });
  return new Promise<string>((resolve, reject) => {
    worker.addEventListener("message", ({ data }: MessageEvent<number | null>) => {
      const { salt, target, max, expires, signature } = challenge;
      if (data === null) reject(away());
      else resolve([salt, target, max, expires, signature, data].join("."));
    });
    worker.addEventListener("error", () => reject(away()));
    worker.postMessage(challenge, []);
  }).finally(() => worker.terminate());
}

/** Every one of them is a global object with functions; nothing else of it is touched. */
async function ask(kind: keyof typeof scripts, siteKey: string, act: string, box: HTMLDivElement): Promise<string> {
  await load(scripts[kind](siteKey));
  const service: unknown = Reflect.get(window, kind === "recaptcha" ? "grecaptcha" : kind);
  const call = (name: string, ...values: unknown[]): unknown => {
    const found: unknown = typeof service === "object" && service !== null ? Reflect.get(service, name) : undefined;
    if (typeof found !== "function") throw away();
    return Reflect.apply(found, service, values);
  };
  if (kind === "recaptcha") {
    await new Promise<void>((resolve) => void call("ready", resolve));
    return String(await call("execute", siteKey, { action: act }));
  }
  box.replaceChildren();
  const slot = box.appendChild(document.createElement("div"));
  return new Promise<string>((resolve, reject) => {
    call("render", slot, {
      sitekey: siteKey,
      action: act,
      callback: (token: unknown) => resolve(String(token)),
      "error-callback": () => reject(away()),
    });
  });
}

function load(source: string): Promise<void> {
  if (document.querySelector(`script[src="${CSS.escape(source)}"]`) !== null) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = source;
    script.addEventListener("load", () => resolve());
    script.addEventListener("error", () => reject(away()));
    document.head.append(script);
  });
}

function away(): ApiProblem {
  return new ApiProblem({
    status: 503,
    title: "The check against robots could not run",
    detail: "Something between you and it blocks it. Nothing was sent. Allow it, or try with another browser.",
  });
}

import type { AccountLimits, Budget } from "@probity/kernel";

/**
 * Rate budgets in force (APP-02, IDN-06). Sign-in and registration count by address; the API by caller. The API's burst of
 * twenty is its window of two seconds at ten a second.
 */
export const budgets = {
  api: { name: "api", limit: 20, windowSeconds: 2, block: 10 },
  authentication: { name: "authentication", limit: 30, windowSeconds: 900, block: 1 },
  registration: { name: "registration", limit: 3, windowSeconds: 1800, block: 1 },
  upload: { name: "upload", limit: 600, windowSeconds: 3600, block: 10 },
  analysis: { name: "analysis", limit: 60, windowSeconds: 3600, block: 1 },
  refusal: { name: "refusal", limit: 120, windowSeconds: 60, block: 10 },
  billing: { name: "billing", limit: 60, windowSeconds: 3600, block: 1 },
  check: { name: "check", limit: 3, windowSeconds: 3600, block: 1 },
} as const satisfies Record<string, Budget>;

/** The same with the number of registrations in force, which the operator may change while the server runs. */
export function budgetsOf(limits: AccountLimits): Record<keyof typeof budgets, Budget> {
  const registration = {
    ...budgets.registration,
    get limit() {
      return limits.registration.attempts;
    },
    get windowSeconds() {
      return limits.registration.windowMinutes * 60;
    },
  };
  return { ...budgets, registration };
}

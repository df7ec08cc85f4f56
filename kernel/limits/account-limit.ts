/** At most so many attempts within a window, for one address and one account. */
export type AccountLimit = { readonly attempts: number; readonly windowMinutes: number };

/**
 * Limits of who is nobody yet (IDN-05, IDN-06). They belong to the instance, not to a workspace: before a sign-in it is not
 * known whose workspace would say, and the strictest of all would let one tenant close the others' doors.
 */
export type AccountLimits = {
  /** Failed sign-ins that close an account or a source; it opens by itself when the window is over. */
  readonly signIn: AccountLimit;
  /** Registrations begun from one address. */
  readonly registration: AccountLimit;
};

export const defaultAccountLimits: AccountLimits = {
  signIn: { attempts: 5, windowMinutes: 15 },
  registration: { attempts: 3, windowMinutes: 30 },
};

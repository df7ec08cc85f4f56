import { dataPromises } from "./promise-data.ts";
import { labPromises } from "./promise-lab.ts";
import { operationPromises } from "./promise-operation.ts";

/** One line the product must keep, in our own words. */
export type TrustPromise = {
  /** `TEN-01`; stays the same for ever. */
  readonly id: string;
  readonly group: string;
  readonly title: string;
  readonly text: string;
};

/** Every promise, kept or not: what has no control yet is shown as planned. Nothing is ever taken out of this list. */
export const promises: readonly TrustPromise[] = [...dataPromises, ...operationPromises, ...labPromises];

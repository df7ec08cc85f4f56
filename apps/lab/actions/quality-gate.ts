import { query } from "../query.ts";
import { tokensOf, type Gate } from "./gate-token.ts";

const name = "quality-control";

/** Why the quality control of its run holds a result, in words. The database decides; what it does not know holds. */
const words: Readonly<Record<string, (chart: string) => string>> = {
  "no-worksheet": () => "It is on no worksheet, so no control was run with it.",
  "no-control": () => "Its run has fewer controls than its method asks for.",
  "no-blank": () => "Its run has no blank, and its method asks for one.",
  "no-limits": (chart) => `${chart === "" ? "A control of its run" : chart} has no frozen limits to judge the run by.`,
  "not-judged": () => "A control of its run has no value yet, or another one than was judged.",
  unclear: () => "A control of its run can't be judged: it is only said to be less or more than a value.",
  refused: () => "A control of its run was refused.",
  unknown: () => "Whether its run was in control is not known.",
};

/**
 * Quality control of the run: a method that asks for controls (`quality`) gives no verified result without them, without
 * frozen limits, or with a control that was refused.
 */
export const qualityGate: Gate = {
  name,
  title: "Quality control",
  holds: async (tx, results) => {
    const tokens = await tokensOf(tx, name, results);
    const charts = tokens.flatMap(({ token }) => (token.startsWith("no-limits:") ? [idOf(token)] : []));
    const named =
      charts.length === 0
        ? []
        : await tx.all(
            query.selectFrom("lab.control_chart").select(["id", "material", "lot"]).where("id", "in", charts),
          );
    return tokens.map(({ resultId, token }) => {
      const chart = named.find(({ id }) => id === idOf(token));
      const code = token.split(":")[0] ?? "unknown";
      const say = words[code] ?? words["unknown"];
      const reason = say?.(chart === undefined ? "" : `${chart.material} ${chart.lot}`) ?? "";
      return { resultId, gate: name, token, reason, ...(idOf(token) === "" ? {} : { reference: idOf(token) }) };
    });
  },
};

const idOf = (token: string) => token.split(":")[1] ?? "";

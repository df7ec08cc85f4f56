import { isPolicyName, policies, policyChoices, presets, type PolicyName, type Preset } from "./policy.ts";

const presetTitles: Readonly<Record<Preset, string>> = {
  "regulatory-docs": "Compliance documents",
  decisions: "Governed decisions",
  agents: "Customer answers",
  lab: "QC laboratory",
  contracts: "Contracts",
};

/** Each preset with its numbers, for the page on which one is chosen. */
export function presetOverview(): { id: Preset; title: string; main: { title: string; value: string }[] }[] {
  return presets.map((id) => ({
    id,
    title: presetTitles[id],
    main: Object.keys(policies)
      .filter(isPolicyName)
      .map((name) => ({ title: policies[name].title, value: sayValue(name, policies[name].presets[id]) })),
  }));
}

function sayValue(name: PolicyName, value: number | boolean | string | readonly string[]): string {
  if (typeof value === "number") return `${value} ${policies[name].unit}`;
  if (typeof value === "object") return value.length === 0 ? "any address" : value.join(", ");
  return policyChoices(name)?.find((choice) => choice.value === value)?.label ?? String(value);
}

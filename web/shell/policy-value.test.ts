import { expect, test } from "vitest";
import { policyText, sayPolicy, typedPolicy } from "./policy-value.ts";

test("a number keeps its unit, an empty list of networks says what it means", () => {
  expect(sayPolicy(30, { unit: "minutes" })).toBe("30 minutes");
  expect(sayPolicy([], { unit: "networks" })).toBe("any address");
  expect(sayPolicy(["10.0.0.0/8", "::1/128"], { unit: "networks" })).toBe("10.0.0.0/8, ::1/128");
});

test("a choice is said in its words", () => {
  const choices = [{ value: "owner", label: "Its owner" }];
  expect(sayPolicy("owner", { unit: "", choices })).toBe("Its owner");
  expect(sayPolicy(true, { unit: "", choices: [{ value: true, label: "on" }] })).toBe("on");
});

test("typed text becomes the kind of value in force, or a sentence that says what to type", () => {
  expect(typedPolicy(" 45 ", 30)).toEqual({ value: 45 });
  for (const text of ["", "4.5", "23,7", "-1", "1e3", "half an hour"]) {
    expect(typedPolicy(text, 30)).toBe("Enter a whole number, such as 30.");
  }
  expect(typedPolicy("10.0.0.0/8\n 192.168.1.0/24 ", [])).toEqual({ value: ["10.0.0.0/8", "192.168.1.0/24"] });
  expect(typedPolicy("", ["10.0.0.0/8"])).toEqual({ value: [] });
});

test("a value shown and sent back unchanged is the same value", () => {
  for (const value of [30, [], ["10.0.0.0/8", "::1/128"], true, false, "owner"]) {
    expect(typedPolicy(policyText(value), value)).toEqual({ value });
  }
});

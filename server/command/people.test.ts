import { expect, test } from "vitest";
import { readPeople } from "./people.ts";

test("IDN-01 people are read from CSV with quotes and line ends of any kind, and from JSON", () => {
  const csv =
    '\uFEFFEmail,name,hash,workspace,role\r\nana@example.test,"Kos, Ana ""A""",$2b$10$x,acme,member\r\n\r\nben@example.test,Ben,,acme,admin';
  const wanted = [
    { email: "ana@example.test", name: 'Kos, Ana "A"', hash: "$2b$10$x", workspace: "acme", role: "member" },
    { email: "ben@example.test", name: "Ben", workspace: "acme", role: "admin" },
  ];
  expect(readPeople("people.csv", csv)).toEqual(wanted);
  expect(readPeople("people.json", JSON.stringify(wanted))).toEqual(wanted);
  expect(() => readPeople("people.json", "{}")).toThrow("Nothing was imported");
  expect(() => readPeople("people.json", '[{"email":7}]')).toThrow("Entry 1");
  expect(() => readPeople("people.csv", 'email\n"open')).toThrow("never closed");
});

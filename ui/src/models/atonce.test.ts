import { expect, test } from "vitest";
import { pages, STOPS, stopOf } from "./atonce";

test("every stop is found again", () => {
  for (const [place, tokens] of STOPS.entries()) expect(stopOf(tokens)).toBe(place);
});

test("what lies between two stops is at the lower one", () => {
  expect(stopOf(10_000)).toBe(2);
  expect(stopOf(100)).toBe(0);
  expect(stopOf(1_000_000)).toBe(6);
});

test("pages are told in two digits", () => {
  expect([2048, 8192, 32_768, 131_072, 10].map(pages)).toEqual([5, 20, 82, 330, 1]);
});

import { expect, test } from "vitest";
import { follows, isAtEnd, type Place } from "./scroll";

const place = (top: number, height = 1000, view = 400): Place => ({ top, height, view });

function check(followed: boolean, before: Place, now: Place, expected: boolean) {
  expect(follows(followed, before, now)).toBe(expected);
}

test("near the end is the end", () => {
  expect(isAtEnd(place(600))).toBe(true);
  expect(isAtEnd(place(570))).toBe(true);
  expect(isAtEnd(place(500))).toBe(false);
});

test("whoever is at the end is taken along as text grows", () => {
  check(true, place(600), place(600, 1400), true);
});

test("whoever scrolls up is left alone", () => {
  check(true, place(600), place(500), false);
  check(false, place(500), place(500, 1400), false);
});

test("whoever comes back to the end is taken along again", () => {
  check(false, place(500), place(600), true);
});

test("a text that shrank is not a person", () => {
  check(true, place(600), place(300, 900), true);
  check(true, place(600), place(300, 1000, 600), true);
});

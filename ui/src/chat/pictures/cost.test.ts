import { expect, test } from "vitest";
import { piecesOf, tokensOf } from "./cost";

const crop = { x: 0, y: 0, width: 300, height: 300 };
const wide = { id: "a", width: 900, height: 300, sizeBytes: 1, tokensPerLook: 256 };
const inThree = { ...wide, crops: [crop, crop, crop] };
const whole = { ...wide, crops: [] };

test("each look costs the same", () => {
  expect(tokensOf(inThree, true)).toBe(1024);
  expect(tokensOf(inThree, false)).toBe(256);
  expect(tokensOf(whole, true)).toBe(256);
  expect(piecesOf([inThree, whole, inThree])).toBe(6);
});

import { expect, test } from "vitest";
import { bytes, contextSize, count, duration, elapsed, percent, speed } from "./format";

function check<T>(format: (value: T) => string, cases: [T, string][]) {
  for (const [value, expected] of cases) expect(format(value), String(value)).toBe(expected);
}

test("bytes are given in the unit that leaves two or three digits", () => {
  check(bytes, [
    [0, "0 bytes"],
    [999, "999 bytes"],
    [1500, "1.5 kB"],
    [253_000_000, "253 MB"],
    [999_700_000, "1.0 GB"],
    [8_100_000_000, "8.1 GB"],
  ]);
});

test("durations drop the unit nobody needs", () => {
  check(duration, [
    [0.4, "0 s"],
    [59.4, "59 s"],
    [60, "1 min"],
    [74, "1 min 14 s"],
    [3600, "1 h"],
    [5400, "1 h 30 min"],
  ]);
  check(elapsed, [
    [0.84, "0.8 s"],
    [12.3, "12 s"],
    [75, "1 min 15 s"],
  ]);
});

test("counts, speeds, contexts and shares", () => {
  check(count, [[1234567, "1,234,567"]]);
  check(speed, [
    [3.14, "3.1"],
    [31.4, "31"],
  ]);
  check(contextSize, [
    [32768, "32k"],
    [131072, "128k"],
    [512, "512"],
  ]);
  check(percent, [
    [0, "0 %"],
    [0.004, "under 1 %"],
    [0.423, "42 %"],
    [1.2, "100 %"],
  ]);
});

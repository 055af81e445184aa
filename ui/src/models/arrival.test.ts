import { expect, test } from "vitest";
import type { FetchEvent } from "../backend";
import { heard, nothingYet } from "./arrival";

const progress = (doneBytes: number): FetchEvent => ({
  kind: "progress",
  doneBytes,
  totalBytes: 10_000,
  secondsLeft: 3,
});

function after(events: [number, FetchEvent][]) {
  return events.reduce(
    (arrival, [ms, event]) => heard(arrival, event, ms),
    nothingYet("Gemma 3 4B", "Starting"),
  );
}

test("no speed is given before it can be measured", () => {
  expect(after([[0, progress(4000)]]).bytesPerSecond).toBeNull();
  expect(
    after([
      [0, progress(4000)],
      [100, progress(5000)],
    ]).bytesPerSecond,
  ).toBeNull();
});

test("the speed counts what came, not what was there", () => {
  const arrival = after([
    [0, progress(4000)],
    [1000, progress(6000)],
  ]);
  expect(arrival).toMatchObject({ doneBytes: 6000, secondsLeft: 3, bytesPerSecond: 2000 });
});

test("the speed follows a change without jumping to it", () => {
  const { bytesPerSecond } = after([
    [0, progress(0)],
    [1000, progress(2000)],
    [2000, progress(2000)],
  ]);
  expect(bytesPerSecond).toBeCloseTo(1200);
});

test("a new step begins with nothing", () => {
  const arrival = after([
    [0, progress(0)],
    [1000, progress(2000)],
    [1100, { kind: "step", what: "Checking" }],
  ]);
  expect(arrival).toMatchObject({ step: "Checking", doneBytes: 0, bytesPerSecond: null });
});

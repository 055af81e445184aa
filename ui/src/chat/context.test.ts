import { expect, test } from "vitest";
import type { Message } from "../backend";
import { contextOf } from "./context";

const answer = (promptTokens: number, answerTokens: number): Message => ({
  id: promptTokens,
  conversation: 1,
  role: "model",
  text: "",
  createdMs: 0,
  cutShort: false,
  figures: {
    model: "gemma",
    promptTokens,
    cachedTokens: 0,
    answerTokens,
    promptSeconds: 1,
    answerSeconds: 1,
    contextTokens: 1000,
  },
  pictures: [],
});

test("nothing is known before the first answer", () => {
  expect(contextOf([])).toBeNull();
  expect(contextOf([{ ...answer(1, 1), figures: null }])).toBeNull();
});

test("the last answer with figures tells", () => {
  const unfinished = { ...answer(900, 90), figures: null };
  expect(contextOf([answer(100, 20), answer(300, 50), unfinished])).toMatchObject({
    used: 350,
    limit: 1000,
    fullness: "calm",
  });
});

test("fullness is said from 80 % and pressed from 95 %", () => {
  expect(contextOf([answer(799, 0)])?.fullness).toBe("calm");
  expect(contextOf([answer(700, 100)])?.fullness).toBe("warn");
  expect(contextOf([answer(900, 50)])?.fullness).toBe("critical");
  expect(contextOf([answer(2000, 50)])?.share).toBe(1);
});

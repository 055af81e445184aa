import { expect, test } from "vitest";
import { sentence } from "./sentence";

function check(text: string, expected: string) {
  expect(sentence(text)).toBe(expected);
}

test("errors become sentences, and names keep their case", () => {
  check("no model is here yet", "No model is here yet.");
  check("gemma.gguf is damaged", "gemma.gguf is damaged.");
  check("271 bytes are needed", "271 bytes are needed.");
  check("is it?", "Is it?");
  check(
    "Start Lectern again. What was written is kept.",
    "Start Lectern again. What was written is kept.",
  );
});

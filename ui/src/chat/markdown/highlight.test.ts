import { expect, test } from "vitest";
import { highlight, piecesOf } from "./highlight";

test("pieces say what they are, and together they are the code", () => {
  const code = 'fn main() {\n    println!("a < b && c");\n}';
  const pieces = highlight(code, "rust");
  expect(pieces.map(({ text }) => text).join("")).toBe(code);
  expect(pieces[0]).toEqual({ kind: "keyword", text: "fn" });
  expect(pieces).toContainEqual({ kind: "string", text: '"a < b && c"' });
});

test("a language nobody named or knows stays plain", () => {
  expect(highlight("a < b", "")).toEqual([{ kind: null, text: "a < b" }]);
  expect(highlight("a", "brainfuck")).toEqual([{ kind: null, text: "a" }]);
});

test("nested spans keep the kind of the innermost", () => {
  expect(
    piecesOf('<span class="hljs-string">a <span class="hljs-subst">b</span> &#x27;c</span>d'),
  ).toEqual([
    { kind: "string", text: "a " },
    { kind: "subst", text: "b" },
    { kind: "string", text: " 'c" },
    { kind: null, text: "d" },
  ]);
});

import { expect, test } from "vitest";
import { NOTHING, parse } from "./blocks";
import { finished } from "./unfinished";

function check(line: string, expected: string) {
  expect(finished(line), line).toBe(expected);
}

test("open marks are closed", () => {
  check("a **bo", "a **bo**");
  check("a **bold and *bo", "a **bold and *bo***");
  check("~~no", "~~no~~");
  check("_so_ and __so", "_so_ and __so__");
  check("a `co", "a `co`");
  check("**a `co", "**a `co`**");
  check("``a ` b", "``a ` b``");
});

test("what is closed or no mark stays as it is", () => {
  for (const line of [
    "**a** b",
    "2 * 3",
    "a_b_c",
    "`**`",
    "\\*a",
    "* item",
    "5 ** 2",
    "snake_case",
    "",
  ]) {
    check(line, line);
  }
});

test("a mark that nothing follows yet is not drawn", () => {
  check("so **", "so");
  check("so `", "so");
  check("so *", "so");
  check("a **b** and **", "a **b** and");
});

test("of a link only the words are there until it is whole", () => {
  check("see [the page](https://exa", "see the page");
  check("see [the page](https://example.org)", "see [the page](https://example.org)");
  check("![a map](data:", "a map");
});

test("only the last line of a growing answer is drawn so, and as it stands at the end", () => {
  const text = (source: string, growing: boolean) =>
    JSON.stringify(parse(source, NOTHING, growing).placed.map(({ block }) => block));
  expect(text("**a\n\nb **c", true)).toBe(text("**a\n\nb **c**", false));
  expect(text("- one\n- **tw", true)).toBe(text("- one\n- **tw**", false));
  expect(text("```\n**a", true)).toBe(text("```\n**a", false));
  const growing = parse("a **b", NOTHING, true);
  const ended = parse("a **b", growing, false);
  expect(JSON.stringify(ended.placed)).toBe(JSON.stringify(parse("a **b").placed));
});

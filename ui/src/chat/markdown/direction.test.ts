import { expect, test } from "vitest";
import { parse } from "./blocks";
import { directionOf } from "./direction";

function check(source: string, expected: "ltr" | "rtl") {
  expect(directionOf(parse(source).placed.map(({ block }) => block)), source).toBe(expected);
}

test("the first letter decides, whatever stands before it", () => {
  check("- البيت الأول\n- the second", "rtl");
  check("1. `code` **שלום**", "rtl");
  check("> (12) the first", "ltr");
  check("- 12", "ltr");
  check("- \n- دو", "rtl");
});

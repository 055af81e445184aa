import { expect, test } from "vitest";
import { groupsOf } from "./groups";

const now = new Date(2026, 10, 23, 9, 30).getTime();
const at = (id: number, day: number, hour: number) => ({
  id,
  title: "",
  createdMs: 0,
  updatedMs: new Date(2026, 10, day, hour).getTime(),
});

function check(conversations: ReturnType<typeof at>[], expected: [string, number[]][]) {
  const groups = groupsOf(conversations, now);
  expect(groups.map((group) => [group.heading, group.conversations.map(({ id }) => id)])).toEqual(
    expected,
  );
}

test("nothing makes no groups", () => check([], []));

test("days begin at midnight", () => {
  check(
    [at(1, 23, 0), at(2, 22, 23), at(3, 22, 0), at(4, 21, 23)],
    [
      ["today", [1]],
      ["yesterday", [2, 3]],
      ["week", [4]],
    ],
  );
});

test("a week is seven days with today", () => {
  check(
    [at(1, 17, 0), at(2, 16, 23)],
    [
      ["week", [1]],
      ["older", [2]],
    ],
  );
});

test("the newest stands first", () => check([at(1, 23, 2), at(2, 23, 8)], [["today", [2, 1]]]));

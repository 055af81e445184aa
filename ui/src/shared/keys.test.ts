import { expect, test } from "vitest";
import { actionOf, isComposing, type Action } from "./keys";

function check(keys: string, expected: Action | null) {
  const parts = keys.split("+");
  const press = {
    key: parts.at(-1) ?? "",
    shiftKey: parts.includes("Shift"),
    ctrlKey: parts.includes("Control"),
    metaKey: parts.includes("Meta"),
    altKey: parts.includes("Alt"),
  };
  expect(actionOf(press), keys).toBe(expected);
}

test("each shortcut asks for its action", () => {
  check("Control+n", "new");
  check("Control+Shift+O", "new");
  check("Meta+n", "new");
  check("Control+b", "sidebar");
  check("Control+,", "settings");
  check("Control+/", "shortcuts");
  check("Control+Shift+/", "shortcuts");
  check("F1", "shortcuts");
  check("Control+Shift+ArrowUp", "previous");
  check("Control+Shift+Backspace", "delete");
});

test("plain keys and other chords ask for nothing", () => {
  check("n", null);
  check("Control+c", null);
  check("Control+Alt+n", null);
  check("Control+Shift+n", null);
  check("Backspace", null);
});

test("a key belongs to the input method while it composes, also where WebKit says so late", () => {
  expect(isComposing({ isComposing: true, keyCode: 13 })).toBe(true);
  expect(isComposing({ isComposing: false, keyCode: 229 })).toBe(true);
  expect(isComposing({ isComposing: false, keyCode: 13 })).toBe(false);
});

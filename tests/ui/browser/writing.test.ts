/** The composer: keys, input methods, drafts. */
import { expect, test } from "vitest";
import { open, withBrowser } from "./desk";

withBrowser();

test("Shift+Enter breaks the line, Enter sends, and the box grows to a limit", async () => {
  const desk = await open("?pace=0");
  const height = () => desk.composer.evaluate((area) => area.clientHeight);
  const before = await height();
  await desk.composer.pressSequentially("one");
  await desk.composer.press("Shift+Enter");
  await desk.composer.pressSequentially("two");
  await expect(desk.composer.inputValue()).resolves.toBe("one\ntwo");
  expect(await height()).toBeGreaterThan(before);
  await desk.composer.fill("line\n".repeat(200));
  expect(await height()).toBeLessThan(400);
  await desk.composer.fill("one\ntwo");
  await desk.composer.press("Enter");
  await desk.page.locator("article[data-role=user]").getByText("one").waitFor();
});

test("nothing but spaces is not sent", async () => {
  const desk = await open();
  await desk.composer.fill("  \n ");
  await desk.composer.press("Enter");
  await expect(
    desk.page.getByRole("button", { name: "Send" }).isDisabled(),
  ).resolves.toBe(true);
  expect(await desk.page.locator("article").count()).toBe(0);
});

test("Enter belongs to the input method while it composes", async () => {
  const desk = await open();
  await desk.composer.fill("にほん");
  const press = (isComposing: boolean, keyCode: number) =>
    desk.page.evaluate(
      ([composing, code]) => {
        const init = { key: "Enter", bubbles: true, cancelable: true };
        const event = new KeyboardEvent("keydown", {
          ...init,
          isComposing: composing,
          keyCode: code,
        });
        document.activeElement?.dispatchEvent(event);
        return event.defaultPrevented;
      },
      [isComposing, keyCode] as const,
    );
  expect(await press(true, 13)).toBe(false);
  // WebKit ends the composition first and tells only by the old key code.
  expect(await press(false, 229)).toBe(false);
  expect(await desk.page.locator("article").count()).toBe(0);
  expect(await press(false, 13)).toBe(true);
  await desk.page.locator("article[data-role=user]").waitFor();
});

test("a draft survives a restart, each conversation its own", async () => {
  const desk = await open();
  const nav = desk.page.getByRole("navigation", { name: "Conversations" });
  await desk.composer.fill("for a conversation not yet begun");
  await nav
    .getByRole("button", { name: "How to sharpen a chisel", exact: true })
    .click();
  await desk.page.getByText("A lectern holds").waitFor();
  await expect(desk.composer.inputValue()).resolves.toBe("");
  await desk.composer.fill("for the chisel");
  // Longer than the pause after which a draft is kept.
  await expect
    .poll(() => desk.page.evaluate(() => localStorage.getItem("lectern")))
    .toContain("for the chisel");
  await desk.reload();
  await expect(desk.composer.inputValue()).resolves.toBe("for the chisel");
  await desk.page.keyboard.press("Control+n");
  await expect(desk.composer.inputValue()).resolves.toBe(
    "for a conversation not yet begun",
  );
});

test("a draft that could not be kept is said, not hidden", async () => {
  const desk = await open("?fail=draft");
  await desk.composer.fill("precious");
  await desk.page
    .getByRole("alert")
    .getByText("could not be kept for later")
    .waitFor();
  await expect(desk.composer.inputValue()).resolves.toBe("precious");
});

test("the arrow up takes up the last message", async () => {
  const desk = await open("?pace=0");
  await desk.ask("Ask me twice");
  await desk.page.locator("article[data-state=done]").waitFor();
  await desk.composer.press("ArrowUp");
  await expect(desk.composer.inputValue()).resolves.toBe("Ask me twice");
});

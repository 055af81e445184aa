/** The list at the left. */
import { expect, test } from "vitest";
import { open, withBrowser } from "./desk";

withBrowser();

test("conversations stand under their days, the open one is marked, and it opens again", async () => {
  const desk = await open();
  const nav = desk.page.getByRole("navigation", { name: "Conversations" });
  const headings = await nav.getByRole("heading").allInnerTexts();
  expect(headings).toEqual(expect.arrayContaining(["Today", "Older"]));
  const item = nav.getByRole("button", {
    name: "Names for a grey cat",
    exact: true,
  });
  await item.click();
  await expect(item.getAttribute("aria-current")).resolves.toBe("page");
  await expect
    .poll(() => desk.page.evaluate(() => localStorage.getItem("lectern")))
    .toMatch(/"openConversation":\d/);
  await desk.reload();
  await expect(item.getAttribute("aria-current")).resolves.toBe("page");
  await desk.page.locator("article[data-role=model]").waitFor();
});

test("the first message begins a conversation and names it", async () => {
  const desk = await open("?empty&pace=0");
  const nav = desk.page.getByRole("navigation", { name: "Conversations" });
  await nav.getByText("listed here").waitFor();
  await desk.ask("A letter to the harbour");
  await nav
    .getByRole("button", { name: "A letter to the harbour", exact: true })
    .waitFor();
});

test("a conversation is renamed in its place; Escape leaves it as it was", async () => {
  const desk = await open();
  const nav = desk.page.getByRole("navigation", { name: "Conversations" });
  await nav
    .getByRole("button", { name: "Names for a grey cat", exact: true })
    .dblclick();
  const name = nav.getByRole("textbox", { name: "New name" });
  await name.fill("Names for a black cat");
  await name.press("Enter");
  const renamed = nav.getByRole("button", {
    name: "Names for a black cat",
    exact: true,
  });
  await renamed.waitFor();
  await renamed.focus();
  await renamed.press("F2");
  await name.fill("something else");
  await name.press("Escape");
  await renamed.waitFor();
  await expect(
    renamed.evaluate((item) => item === document.activeElement),
  ).resolves.toBe(true);
});

test("a deleted conversation can be had back", async () => {
  const desk = await open();
  const nav = desk.page.getByRole("navigation", { name: "Conversations" });
  const item = nav.getByRole("button", {
    name: "Names for a grey cat",
    exact: true,
  });
  await item.click();
  await desk.page.locator("article[data-role=model]").waitFor();
  await item.hover();
  await nav
    .getByRole("button", { name: "Delete “Names for a grey cat”" })
    .click();
  await item.waitFor({ state: "detached" });
  await desk.page.getByRole("button", { name: "Undo" }).click();
  await item.waitFor();
  await expect(item.getAttribute("aria-current")).resolves.toBe("page");
});

test("the keyboard alone finds, opens, makes and deletes conversations", async () => {
  const desk = await open();
  const nav = desk.page.getByRole("navigation", { name: "Conversations" });
  const current = () => nav.locator("[aria-current=page]").innerText();
  const { keyboard } = desk.page;
  await keyboard.press("Control+Shift+ArrowDown");
  await expect.poll(current).toBe("Why the tide comes twice a day");
  await keyboard.press("Control+Shift+ArrowDown");
  await expect.poll(current).toBe("What a lectern is for");
  await keyboard.press("Control+Shift+Backspace");
  await desk.page.getByText("Deleted “What a lectern is for”.").waitFor();
  await keyboard.press("Control+n");
  await expect.poll(() => nav.locator("[aria-current=page]").count()).toBe(0);
  await expect(
    desk.composer.evaluate((area) => area === document.activeElement),
  ).resolves.toBe(true);
  await keyboard.type("typed without a click");
  await keyboard.press("Enter");
  await desk.page.locator("article[data-state=writing]").waitFor();
});

test("Ctrl+B hides the list, and that is remembered", async () => {
  const desk = await open();
  const nav = desk.page.getByRole("navigation", { name: "Conversations" });
  await nav.waitFor();
  await desk.page.keyboard.press("Control+b");
  await nav.waitFor({ state: "detached" });
  await expect
    .poll(() => desk.page.evaluate(() => localStorage.getItem("lectern")))
    .toContain('"sidebarOpen":false');
  await desk.reload();
  await expect(nav.count()).resolves.toBe(0);
  await desk.page.getByRole("button", { name: "Show conversations" }).click();
  await nav.waitFor();
});

test("in a narrow window the list is a drawer", async () => {
  const desk = await open("", { viewport: { width: 600, height: 800 } });
  const nav = desk.page.getByRole("navigation", { name: "Conversations" });
  expect(await nav.count()).toBe(0);
  await desk.page.getByRole("button", { name: "Show conversations" }).click();
  await nav.waitFor();
  await desk.page.keyboard.press("Escape");
  await nav.waitFor({ state: "detached" });
  await desk.page.keyboard.press("Control+b");
  await nav
    .getByRole("button", { name: "Names for a grey cat", exact: true })
    .click();
  await nav.waitFor({ state: "detached" });
  await desk.page.locator("article[data-role=model]").waitFor();
});

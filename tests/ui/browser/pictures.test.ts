/** Bringing pictures in, seeing what they cost, sending them, looking at them closely. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { choosePictures, golden, open, withBrowser, type Desk } from "./desk";

withBrowser();

const strip = (desk: Desk) => desk.page.getByTestId("pictures");
const thumbnails = (desk: Desk) => strip(desk).locator("img");

/** As the browser does it when a file is dropped on, or pasted into, what has the focus. */
async function bring(desk: Desk, kind: "paste" | "drop", name: string) {
  const bytes = [...readFileSync(golden(name))];
  await desk.page.evaluate(
    ({ kind, bytes }) => {
      const data = new DataTransfer();
      const type = "image/png";
      data.items.add(new File([new Uint8Array(bytes)], "a.png", { type }));
      const target = document.querySelector("textarea");
      const common = { bubbles: true, cancelable: true };
      const event =
        kind === "paste"
          ? new ClipboardEvent("paste", { ...common, clipboardData: data })
          : new DragEvent("drop", { ...common, dataTransfer: data });
      target?.dispatchEvent(event);
    },
    { kind, bytes },
  );
}

test("pictures are chosen, cost what they cost, and go with the words", async () => {
  const desk = await open("?look=150&pace=2");
  await choosePictures(desk, "wide", "small");
  await strip(desk).getByText("1,280 tokens").waitFor();
  await strip(desk).getByText("256 tokens", { exact: true }).waitFor();
  await expect(strip(desk).locator("rect:not(.under)").count()).resolves.toBe(
    4,
  );
  await desk.composer.fill("What do these show?");
  await desk.shoot("pictures-composer");
  await desk.composer.press("Enter");
  await desk.page.getByText(/Looking, \d of 6/).waitFor();
  await desk.page.locator("article[data-state=done]").waitFor();
  await expect(strip(desk).count()).resolves.toBe(0);
  const shown = desk.page.locator("article[data-role=user]").last();
  await expect(shown.locator("img").count()).resolves.toBe(2);
  await desk.shoot("pictures-conversation");

  await shown.getByRole("button", { name: /closely.*1800/ }).click();
  const dialog = desk.page.getByRole("dialog");
  await dialog.getByText("1800 × 400").waitFor();
  await dialog.getByText("1,280 tokens").waitFor();
  await desk.shoot("pictures-large");
  await desk.page.keyboard.press("Escape");
  await expect.poll(() => dialog.count()).toBe(0);
});

test("without pieces a wide picture costs one look, and that is remembered", async () => {
  const desk = await open();
  await choosePictures(desk, "wide");
  const pieces = strip(desk).getByRole("button", { name: "Also in 4 pieces" });
  await expect(pieces.getAttribute("aria-pressed")).resolves.toBe("true");
  await pieces.click();
  await strip(desk).getByText("256 tokens", { exact: true }).waitFor();
  await expect(strip(desk).locator("rect").count()).resolves.toBe(0);
  await desk.page.waitForTimeout(400); // the pause after which settings are kept
  await desk.reload();
  await expect(pieces.getAttribute("aria-pressed")).resolves.toBe("false");
});

test("what stands in the composer survives a restart, and can be taken out", async () => {
  const desk = await open();
  await choosePictures(desk, "landscape", "small");
  await strip(desk).getByRole("button", { name: "Remove picture 1" }).click();
  await expect.poll(() => thumbnails(desk).count()).toBe(1);
  await desk.composer.fill("Still here");
  await desk.composer.blur();
  await desk.reload();
  await expect.poll(() => thumbnails(desk).count()).toBe(1);
  await expect(desk.composer.inputValue()).resolves.toBe("Still here");
});

test("a picture alone can be sent", async () => {
  const desk = await open("?pace=2");
  const send = desk.page.getByRole("button", { name: "Send" });
  await expect(send.isDisabled()).resolves.toBe(true);
  await choosePictures(desk, "small");
  await send.click();
  await desk.page.locator("article[data-state=done]").waitFor();
  await desk.page.getByRole("navigation").getByText("A picture").waitFor();
});

test("pictures are pasted and dropped; the same one twice stands once", async () => {
  const desk = await open();
  await bring(desk, "paste", "small");
  await expect.poll(() => thumbnails(desk).count()).toBe(1);
  await bring(desk, "drop", "landscape");
  await expect.poll(() => thumbnails(desk).count()).toBe(2);
  await bring(desk, "paste", "small");
  await desk.page.waitForTimeout(300);
  await expect(thumbnails(desk).count()).resolves.toBe(2);
});

test("what is no picture is refused in words, and the rest stays", async () => {
  const desk = await open();
  await desk.composer.fill("Look at this");
  await desk.page.getByTestId("files").setInputFiles({
    name: "diary.png",
    mimeType: "image/png",
    buffer: Buffer.from("Dear diary"),
  });
  await desk.page.getByText(/This is text, not a picture/).waitFor();
  await expect(desk.composer.inputValue()).resolves.toBe("Look at this");
  await desk.page.getByRole("button", { name: "Dismiss" }).click();
  await expect(desk.page.getByText(/This is text/).count()).resolves.toBe(0);
});

test("a model without eyes says so, and what was added waits for one that sees", async () => {
  const desk = await open();
  await choosePictures(desk, "small");
  await desk.page.keyboard.press("Control+l");
  await desk.page.getByText("Gemma 3 270M").first().click();
  await desk.page.getByText("Gemma 3 270M cannot see pictures.").waitFor();
  await expect(
    desk.page.getByRole("button", { name: "Send" }).isDisabled(),
  ).resolves.toBe(true);
  await desk.shoot("pictures-no-eyes");
  await strip(desk).getByRole("button", { name: "Remove picture 1" }).click();
  await bring(desk, "paste", "small");
  await desk.page.getByText("Models from 4B on can.").first().waitFor();
  await expect(thumbnails(desk).count()).resolves.toBe(0);
});

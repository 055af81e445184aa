import { expect, test } from "vitest";
import { clipboardPictures, pasted } from "./incoming";

const data = (text: string, files: File[]): DataTransfer =>
  ({ getData: () => text, files, types: [] }) as unknown as DataTransfer;
const png = new File(["."], "a.png", { type: "image/png" });

test("a paste brings pictures, unless it brings words", () => {
  expect(pasted(data("", [png]))).toEqual({ files: [png], words: false });
  // Cells of a spreadsheet come as words and as a picture of themselves.
  expect(pasted(data("a\tb", [png]))).toEqual({ files: [], words: true });
  expect(pasted(data("", []))).toEqual({ files: [], words: false });
  expect(pasted(null)).toEqual({ files: [], words: false });
});

test("the clipboard gives one picture for each thing on it, and nothing where it may not be read", async () => {
  const item = (types: string[]) => ({ types, getType: async (type: string) => type });
  const items = [item(["text/html", "image/png", "image/bmp"]), item(["text/plain"])];
  const clipboard = { read: async () => items } as unknown as Clipboard;
  expect(await clipboardPictures(clipboard)).toEqual(["image/png"]);
  const refuses = async () => {
    throw new DOMException("no", "NotAllowedError");
  };
  expect(await clipboardPictures({ read: refuses } as unknown as Clipboard)).toEqual([]);
});

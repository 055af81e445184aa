/** Which way a list or a quote runs, so that its marks stand on the side its words begin. */
import type { Block, Inline } from "./ast";

const STRONG = /\p{L}/u;
const RIGHT_TO_LEFT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;

/** The way of the first letter, as `dir="auto"` has it for a paragraph. */
export function directionOf(blocks: readonly Block[]): "ltr" | "rtl" {
  const letter = STRONG.exec(textOf(blocks))?.[0] ?? "";
  return RIGHT_TO_LEFT.test(letter) ? "rtl" : "ltr";
}

function textOf(blocks: readonly Block[]): string {
  for (const block of blocks) {
    const text = textOfOne(block);
    if (STRONG.test(text)) return text;
  }
  return "";
}

function textOfOne(block: Block): string {
  switch (block.kind) {
    case "paragraph":
    case "heading":
      return block.inlines.map(textOfInline).join("");
    case "quote":
      return textOf(block.blocks);
    case "list":
      return textOf(block.items.flatMap((item) => item.blocks));
    case "table":
      return block.head.flat().map(textOfInline).join(" ");
    case "code":
    case "rule":
      return "";
  }
}

function textOfInline(inline: Inline): string {
  switch (inline.kind) {
    case "text":
      return inline.text;
    case "code":
    case "break":
      return "";
    default:
      return inline.inlines.map(textOfInline).join("");
  }
}

/**
 * Markdown text → blocks. `marked` finds the tokens, this file turns them into our own few kinds:
 * raw HTML becomes text, images become their description, links only lead to the web.
 *
 * An answer grows by words, so a parse takes up the one before it: blocks that ended stay the very
 * same objects, and only the text from the last block on is looked at again.
 */
import { marked, type MarkedToken, type Token, type Tokens } from "marked";
import type { Align, Block, Inline, Item } from "./ast";
import { decodeEntities } from "./entities";
import { webAddress } from "./link";
import { finished } from "./unfinished";

/** A block and where it begins, which names it for as long as the text only grows. */
export type Placed = { at: number; block: Block };
export type Parsed = {
  text: string;
  placed: Placed[];
  /** Everything before is in blocks that cannot change any more. */
  settled: number;
  /** Whether more was expected: then the last line was drawn as it will look. */
  growing: boolean;
};

export const NOTHING: Parsed = { text: "", placed: [], settled: 0, growing: false };

/** Quotes and lists may be nested this deep; beyond it what is written is shown as it stands. */
const DEEPEST = 12;

/** Blocks whose last line is words with marks. */
const ENDING_IN_WORDS = new Set(["paragraph", "heading", "list", "blockquote", "text"]);

/** The blocks of `source`, of which more may come, taking over from `before` what has not changed. */
export function parse(source: string, before: Parsed = NOTHING, growing = false): Parsed {
  const text = source.replace(/\r\n?/g, "\n");
  if (text === before.text && growing === before.growing) return before;
  const grown = text.startsWith(before.text);
  const from = grown ? before.settled : 0;
  const placed = grown ? before.placed.filter(({ at }) => at < from) : [];

  let at = from;
  let settled = from;
  for (const token of tokensOf(text.slice(from), growing)) {
    const blocks = blocksOf([token], 0);
    if (blocks.length > 0) {
      // A block may still grow until another one begins after it.
      settled = at;
      blocks.forEach((block, place) => placed.push({ at: at + place, block }));
    }
    at += token.raw.length;
  }
  return { text, placed, settled, growing };
}

function tokensOf(text: string, growing: boolean): MarkedToken[] {
  const lex = (text: string) => marked.lexer(text, { gfm: true }) as MarkedToken[];
  const tokens = lex(text);
  const last = tokens.at(-1);
  if (!growing || !last || !ENDING_IN_WORDS.has(last.type)) return tokens;
  // Of a list only the last line is certain to be one run of words.
  const line = last.type === "paragraph" ? last.raw : (last.raw.split("\n").at(-1) ?? "");
  const shown = finished(line);
  return shown === line ? tokens : lex(text.slice(0, text.length - line.length) + shown);
}

function blocksOf(tokens: readonly Token[], depth: number): Block[] {
  return (tokens as MarkedToken[]).flatMap((token) => blockOf(token, depth));
}

function blockOf(token: MarkedToken, depth: number): Block[] {
  switch (token.type) {
    case "space":
    case "def":
      return [];
    case "heading":
      return [{ kind: "heading", level: token.depth, inlines: inlinesOf(token.tokens) }];
    case "code":
      return [codeOf(token)];
    case "blockquote":
      if (depth >= DEEPEST) return [literal(token.raw)];
      return [{ kind: "quote", blocks: blocksOf(token.tokens, depth + 1) }];
    case "list":
      if (depth >= DEEPEST) return [literal(token.raw)];
      return [listOf(token, depth)];
    case "table":
      return [tableOf(token)];
    case "hr":
      return [{ kind: "rule" }];
    case "html":
      return token.raw.trim() === "" ? [] : [literal(token.raw)];
    case "paragraph":
      return [{ kind: "paragraph", inlines: inlinesOf(token.tokens) }];
    case "text":
      return [{ kind: "paragraph", inlines: inlinesOf(token.tokens ?? [token]) }];
    default:
      return [literal(token.raw)];
  }
}

/** What is not drawn as Markdown is shown as it was written. */
const literal = (raw: string): Block => ({
  kind: "paragraph",
  inlines: [{ kind: "text", text: raw.trim() }],
});

function codeOf(token: Tokens.Code): Block {
  const fence = /^ {0,3}(`{3,}|~{3,})/.exec(token.raw)?.[1];
  const closed =
    fence === undefined ||
    new RegExp(`\\n {0,3}\\${fence[0]}{${fence.length},}[ \\t]*\\n*$`).test(token.raw);
  const language = (token.lang ?? "").trim().split(/[\s{,:]/)[0] ?? "";
  return { kind: "code", language, text: token.text, open: !closed };
}

function listOf(token: Tokens.List, depth: number): Block {
  const items = token.items.map((item): Item => ({
    task: item.task,
    checked: item.checked === true,
    blocks: blocksOf(
      item.tokens.filter(({ type }) => type !== "checkbox"),
      depth + 1,
    ),
  }));
  return {
    kind: "list",
    start: token.ordered ? Number(token.start) || 0 : null,
    loose: token.loose,
    items,
  };
}

function tableOf(token: Tokens.Table): Block {
  const cells = (row: Tokens.TableCell[]) => row.map(({ tokens }) => inlinesOf(tokens));
  return {
    kind: "table",
    align: token.align as Align[],
    head: cells(token.header),
    rows: token.rows.map(cells),
  };
}

function inlinesOf(tokens: readonly Token[]): Inline[] {
  return joined((tokens as MarkedToken[]).flatMap(inlineOf));
}

function inlineOf(token: MarkedToken): Inline[] {
  switch (token.type) {
    case "strong":
      return [{ kind: "strong", inlines: inlinesOf(token.tokens) }];
    case "em":
      return [{ kind: "emphasis", inlines: inlinesOf(token.tokens) }];
    case "del":
      return [{ kind: "strike", inlines: inlinesOf(token.tokens) }];
    case "codespan":
      return [{ kind: "code", text: token.text }];
    case "br":
      return [{ kind: "break" }];
    case "link": {
      const url = webAddress(token.href);
      const inlines = inlinesOf(token.tokens);
      return url === null ? inlines : [{ kind: "link", url, inlines }];
    }
    case "image":
      // Never loaded: a picture's address can carry what was said to whoever serves it.
      return [{ kind: "text", text: decodeEntities(token.text) }];
    case "paragraph":
      return inlinesOf(token.tokens);
    case "text":
      return token.tokens
        ? inlinesOf(token.tokens)
        : [{ kind: "text", text: decodeEntities(token.text) }];
    case "escape":
      return [{ kind: "text", text: token.text }];
    case "html":
      return /^<br\s*\/?>$/i.test(token.raw.trim())
        ? [{ kind: "break" }]
        : [{ kind: "text", text: token.raw }];
    default:
      return [{ kind: "text", text: token.raw }];
  }
}

/** Neighbouring texts as one: fewer nodes, and words do not break where a token did. */
function joined(inlines: Inline[]): Inline[] {
  const out: Inline[] = [];
  for (const inline of inlines) {
    const last = out.at(-1);
    if (inline.kind === "text" && last?.kind === "text") {
      out[out.length - 1] = { kind: "text", text: last.text + inline.text };
    } else out.push(inline);
  }
  return out;
}

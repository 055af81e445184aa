/**
 * Colours for code: highlight.js says what the pieces are, the page draws them itself. Only for
 * blocks that have ended and only in the language they name; guessing costs ~38 ms a call.
 */
import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import csharp from "highlight.js/lib/languages/csharp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import kotlin from "highlight.js/lib/languages/kotlin";
import lua from "highlight.js/lib/languages/lua";
import markdown from "highlight.js/lib/languages/markdown";
import php from "highlight.js/lib/languages/php";
import python from "highlight.js/lib/languages/python";
import r from "highlight.js/lib/languages/r";
import ruby from "highlight.js/lib/languages/ruby";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import swift from "highlight.js/lib/languages/swift";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import { decodeEntities } from "./entities";

const languages = {
  bash,
  c,
  cpp,
  csharp,
  css,
  diff,
  go,
  ini,
  java,
  javascript,
  json,
  kotlin,
  lua,
  markdown,
  php,
  python,
  r,
  ruby,
  rust,
  sql,
  swift,
  typescript,
  xml,
  yaml,
};
for (const [name, language] of Object.entries(languages)) hljs.registerLanguage(name, language);

/** A run of code and what it is: "keyword", "string"; `null` for all the rest. */
export type Piece = { kind: string | null; text: string };

/** Longer code is shown plain: thousands of pieces cost more than colours are worth. */
const LONGEST = 20_000;
/** As many coloured blocks are remembered, so that coming back to a conversation is quick. */
const REMEMBERED = 200;
const remembered = new Map<string, Piece[]>();

export function highlight(code: string, language: string): Piece[] {
  const plain = [{ kind: null, text: code }];
  if (code.length > LONGEST || hljs.getLanguage(language) === undefined) return plain;
  const key = `${language}\n${code}`;
  const known = remembered.get(key);
  if (known) return known;
  const pieces = piecesOf(hljs.highlight(code, { language, ignoreIllegals: true }).value);
  remembered.set(key, pieces);
  const oldest = remembered.keys().next().value;
  if (remembered.size > REMEMBERED && oldest !== undefined) remembered.delete(oldest);
  return pieces;
}

/** highlight.js writes HTML of one shape: spans with a class, and text with five escapes. */
export function piecesOf(html: string): Piece[] {
  const pieces: Piece[] = [];
  const kinds: (string | null)[] = [];
  for (const [part] of html.matchAll(/<span class="[^"]*">|<\/span>|[^<]+/g)) {
    if (part === "</span>") kinds.pop();
    else if (part.startsWith("<span")) kinds.push(kindOf(part) ?? kinds.at(-1) ?? null);
    else pieces.push({ kind: kinds.at(-1) ?? null, text: decodeEntities(part) });
  }
  return pieces;
}

/** `<span class="hljs-title function_">` → "title" */
const kindOf = (span: string): string | null => /hljs-([a-z_-]+)/.exec(span)?.[1] ?? null;

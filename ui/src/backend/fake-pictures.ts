/** How the stand-in reads pictures: the browser decodes them, and wide and tall ones are cut as by Lectern. */
import type { Picture } from ".";

const TOKENS_PER_LOOK = 256;

/** What a file shows, and an address that holds it. Throws what the browser says of a file that is no picture. */
export async function read(file: Blob): Promise<{ picture: Picture; url: string }> {
  const { width, height } = await createImageBitmap(file);
  const bytes = new Uint8Array(await file.arrayBuffer());
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const picture = {
    id: [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
    width,
    height,
    sizeBytes: file.size,
    crops: cropsOf(width, height),
    tokensPerLook: TOKENS_PER_LOOK,
  };
  const binary = bytes.reduce((text, byte) => text + String.fromCharCode(byte), "");
  return { picture, url: `data:${file.type};base64,${btoa(binary)}` };
}

function cropsOf(width: number, height: number): Picture["crops"] {
  const [long, short] = [Math.max(width, height), Math.min(width, height)];
  if (long / short < 1.2) return [];
  const wanted = Math.max(2, Math.floor(long / short + 0.5));
  const pieces = Math.min(4, wanted, Math.floor(long / 256));
  const side = Math.ceil(long / pieces);
  if (Math.min(side, short) < 256) return [];
  return Array.from({ length: pieces }, (_, place) =>
    width >= height
      ? { x: place * side, y: 0, width: Math.min(side, width - place * side), height }
      : { x: 0, y: place * side, width, height: Math.min(side, height - place * side) },
  );
}

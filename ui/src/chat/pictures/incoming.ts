/** Pictures on their way into the composer: pasted, dropped or chosen. */
import { filesOf } from "../../shared/files";

/** What the file dialog offers. Any file may be dropped: reading it tells what it is. */
export const ACCEPTED = ".png,.jpg,.jpeg,.webp,.gif,.bmp,.tif,.tiff";

/** What a picture's file may have, as in `documents::picture`; more is not even read. */
export const MOST_BYTES = 128 * 1024 * 1024;

/** What a paste brings: words win, because a spreadsheet's cells come with a picture of themselves. */
export function pasted(data: DataTransfer | null): { files: readonly File[]; words: boolean } {
  const words = (data?.getData("text/plain") ?? "") !== "";
  return { files: words ? [] : filesOf(data), words };
}

/**
 * The pictures of the clipboard, asked for by itself: WebKitGTK leaves them out of a paste
 * (https://bugs.webkit.org/show_bug.cgi?id=320303).
 */
export async function clipboardPictures(clipboard: Clipboard): Promise<Blob[]> {
  try {
    const items = await clipboard.read();
    const pictures = items.map((item) => {
      const type = item.types.find((each) => each.startsWith("image/"));
      return type === undefined ? null : item.getType(type);
    });
    return await Promise.all(pictures.filter((picture) => picture !== null));
  } catch {
    return []; // nothing that may be read: a paste of nothing does nothing
  }
}

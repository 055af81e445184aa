/** When a conversation follows what is written, and when it stays where the person reads. Pure. */

/** Where a scrolled box stands: `top` of `height`, of which `view` can be seen. */
export type Place = { top: number; height: number; view: number };

/** A line and a bit: so near the end one means the end. */
const SLACK = 36;

export const isAtEnd = ({ top, height, view }: Place): boolean => height - view - top <= SLACK;

/** Whether the box follows its end after it moved from `before` to `now`. */
export function follows(followed: boolean, before: Place, now: Place): boolean {
  if (isAtEnd(now)) return true;
  // Only a person moves up; text that shrank moves the box as well, and means nothing.
  const movedUp = now.top < before.top && now.height >= before.height && now.view <= before.view;
  return followed && !movedUp;
}

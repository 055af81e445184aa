/** A hidden window draws no frames, and must not wait for one for ever. */
const NO_FRAME_MS = 120;

/** Calls `run` at the next frame, or a moment later where no frames are drawn. */
export function nextFrame(run: () => void): void {
  let ran = false;
  const once = () => {
    if (ran) return;
    ran = true;
    clearTimeout(timer);
    run();
  };
  const timer = setTimeout(once, NO_FRAME_MS);
  if (typeof requestAnimationFrame === "function") requestAnimationFrame(once);
}

/** Resolves when what was put on the page has been painted. */
export async function afterPaint(): Promise<void> {
  await new Promise<void>((resolve) => nextFrame(resolve));
  await new Promise<void>((resolve) => nextFrame(resolve));
}

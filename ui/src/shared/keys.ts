/** The window's shortcuts: one table for what keys do and for the list a person sees. */

export type Action =
  | "new"
  | "sidebar"
  | "models"
  | "settings"
  | "shortcuts"
  | "previous"
  | "next"
  | "delete"
  | "copyAnswer";

type Chord = { key: string; shift: boolean; control: boolean };

const control = (key: string): Chord => ({ key, shift: false, control: true });
const controlShift = (key: string): Chord => ({ key, shift: true, control: true });

const chords: Record<Action, Chord[]> = {
  new: [control("n"), controlShift("o")],
  sidebar: [control("b")],
  models: [control("l")],
  settings: [control(",")],
  shortcuts: [control("/"), { key: "f1", shift: false, control: false }],
  previous: [controlShift("arrowup")],
  next: [controlShift("arrowdown")],
  delete: [controlShift("backspace")],
  copyAnswer: [controlShift("c")],
};

type Press = Pick<KeyboardEvent, "key" | "shiftKey" | "ctrlKey" | "metaKey" | "altKey">;

/** What this key asks for, or `null`. Command stands for Control on a Mac. */
export function actionOf(press: Press): Action | null {
  if (press.altKey) return null;
  const held = press.ctrlKey || press.metaKey;
  const key = press.key.toLowerCase();
  for (const [action, ways] of Object.entries(chords) as [Action, Chord[]][]) {
    // A slash needs Shift on many keyboards; what counts there is the character.
    const found = ways.some(
      (chord) =>
        chord.key === key &&
        chord.control === held &&
        (chord.shift === press.shiftKey || key === "/"),
    );
    if (found) return action;
  }
  return null;
}

/**
 * True while an input method composes: Enter then picks a candidate, Escape drops it. WebKit ends
 * the composition before it reports the key, and only the old key code 229 still tells.
 */
export function isComposing(press: Pick<KeyboardEvent, "isComposing" | "keyCode">): boolean {
  return press.isComposing || press.keyCode === 229;
}

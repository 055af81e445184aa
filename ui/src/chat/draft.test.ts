import { expect, test } from "vitest";
import type { Backend, Failure, Picture } from "../backend";
import { Draft } from "./draft.svelte";

const picture = (id: string): Picture => ({
  id,
  width: 4,
  height: 3,
  sizeBytes: 1,
  crops: [],
  tokensPerLook: 256,
});

/** A store as Lectern's: a picture that is added stands at the end, saving says which stay. */
function store() {
  const kept: Record<string, { text: string; pictures: string[] }> = {};
  const at = (id: number | null) => (kept[String(id)] ??= { text: "", pictures: [] });
  let hold: Promise<void> = Promise.resolve();
  const backend = {
    readDraft: async (id: number | null) => {
      const { text, pictures } = at(id);
      return { text, pictures: pictures.map(picture) };
    },
    saveDraft: async (id: number | null, text: string, pictures: readonly string[]) => {
      kept[String(id)] = { text, pictures: [...pictures] };
    },
    addPicture: async (id: number | null, file: Blob) => {
      const name = await file.text();
      if (name === "words") throw { code: "other", message: "this is text", hint: null } as Failure;
      at(id).pictures.push(name);
      await hold; // it stands already, its answer is under way
      return picture(name);
    },
  } as Partial<Backend> as Backend;
  const holding = () => {
    let release = () => {};
    hold = new Promise((resolve) => (release = resolve));
    return release;
  };
  return { kept, backend, holding };
}

const names = (draft: Draft) => draft.pictures.map(({ id }) => id);
const file = (name: string) => new Blob([name]);

test("pictures come in one after the other and are there after a restart", async () => {
  const { backend } = store();
  const draft = new Draft(backend, 7);
  draft.write("Look");
  await draft.add([file("a"), file("b"), file("a")]);
  await draft.save();
  expect(names(draft)).toEqual(["a", "b"]);
  const later = new Draft(backend, 7);
  await later.load();
  expect([later.text, names(later)]).toEqual(["Look", ["a", "b"]]);
});

test("what is written while a picture comes in does not take it out again", async () => {
  const { backend, kept, holding } = store();
  const draft = new Draft(backend, 7);
  const release = holding();
  const added = draft.add([file("a")]);
  draft.write("Look");
  const saved = draft.save();
  expect(draft.arriving).toBe(1);
  release();
  await Promise.all([added, saved]);
  expect(draft.arriving).toBe(0);
  expect(kept["7"]).toEqual({ text: "Look", pictures: ["a"] });
});

test("what is no picture is said, and the others come in", async () => {
  const draft = new Draft(store().backend, null);
  await draft.add([file("words"), file("a")]);
  expect(draft.refused?.message).toBe("this is text");
  expect(names(draft)).toEqual(["a"]);
  expect(draft.arriving).toBe(0);
});

test("a picture that is taken out is kept no longer", async () => {
  const { backend, kept } = store();
  const draft = new Draft(backend, 7);
  await draft.add([file("a"), file("b")]);
  draft.remove("a");
  await draft.save();
  expect(kept["7"]).toEqual({ text: "", pictures: ["b"] });
});

test("a conversation that begins takes the draft of none with it", async () => {
  const { backend, kept } = store();
  const draft = new Draft(backend, null);
  await draft.add([file("a")]);
  await draft.moveTo(7);
  expect(kept).toEqual({ null: { text: "", pictures: [] }, 7: { text: "", pictures: ["a"] } });
});

test("what could not be sent is back before what came since", async () => {
  const draft = new Draft(store().backend, 7);
  await draft.add([file("a")]);
  draft.write("First");
  const lent = draft.lend();
  expect([draft.text, names(draft)]).toEqual(["", []]);
  draft.write("Second");
  await draft.add([file("b")]);
  draft.giveBack(lent);
  expect([draft.text, names(draft)]).toEqual(["First\n\nSecond", ["a", "b"]]);
});

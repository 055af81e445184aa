import { mount } from "svelte";
import App from "./App.svelte";
import { backend, type Backend } from "./backend";
import { Lectern } from "./lectern.svelte";
import { afterPaint } from "./shared/frame";
import "./styles/literata.css";
import "./styles/tokens.css";
import "./styles/base.css";

/** The page waits this long for what is kept; then it shows what it has, and says what is missing. */
const START_LIMIT_MS = 1500;

const connected = await connect();
const lectern = new Lectern(connected);
const started = lectern.start();
await Promise.race([started, new Promise((resolve) => setTimeout(resolve, START_LIMIT_MS))]);
mount(App, { target: document.getElementById("app")!, props: { lectern } });
await afterPaint();
await connected.windowReady();

/** In a plain browser there is no Lectern behind the page: a stand-in answers, never in a release. */
async function connect(): Promise<Backend> {
  // The mode and not DEV: that one is also true in a release built where NODE_ENV says "test".
  const alone = import.meta.env.MODE === "development" && !("__TAURI_INTERNALS__" in window);
  if (import.meta.env.MODE === "fake" || alone) {
    const { fakeFrom } = await import("./backend/fake");
    return fakeFrom(new URLSearchParams(location.search), localStorage);
  }
  return backend;
}

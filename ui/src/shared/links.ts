import { createContext } from "svelte";

/** How a link deep in an answer asks the person: provided once by the window. */
export const [askToOpen, provideAskToOpen] = createContext<(url: string) => void>();

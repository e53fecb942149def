// Starts the page: whoever is signed in sees their tasks, anyone else is asked in.

import { Problem } from "./api.ts";
import { type Board, board } from "./board.ts";
import { h } from "./dom.ts";
import { Session } from "./session.ts";
import { signIn } from "./sign-in.ts";

const app = document.getElementById("app");
let current: Board | null = null;

const session = new Session(() => ask());

function show(page: HTMLElement): void {
  app?.replaceChildren(page);
}

function ask(): void {
  current?.close();
  current = null;
  document.title = "TaskWhisper";
  show(signIn(session, enter));
}

function enter(): void {
  current?.close();
  current = board(session);
  show(current.page);
  // On a telephone the focus would bring up the keyboard unasked.
  if (matchMedia("(pointer: fine)").matches) {
    current.page.querySelector<HTMLElement>("input")?.focus();
  }
}

async function start(): Promise<void> {
  try {
    if (await session.resume()) enter();
    else ask();
  } catch (error) {
    const again = h("button", { class: "primary", type: "button" }, "Try again");
    again.addEventListener("click", () => void start());
    const text = error instanceof Problem ? error.message : String(error);
    show(h("main", { class: "card" }, h("h1", {}, "Not available"), h("p", {}, text), again));
  }
}

void start();

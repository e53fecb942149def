// Short messages at the foot of the page, read out by screen readers.

import { h } from "./dom.ts";

const SHOWN_MS = 8_000;
const MAX_SHOWN = 3;

export interface Action {
  label: string;
  run: () => void;
}

export function say(text: string, action?: Action): void {
  const box = document.getElementById("messages");
  if (box === null) return;
  const message = h("div", { class: "message" }, h("span", {}, text));
  const leave = () => message.remove();
  if (action !== undefined) {
    const button = h("button", { type: "button", class: "link" }, action.label);
    button.addEventListener("click", () => {
      leave();
      action.run();
    });
    message.append(button);
  }
  box.append(message);
  while (box.children.length > MAX_SHOWN) box.firstElementChild?.remove();
  // Whoever is about to use the button gets the time for it.
  let timer = setTimeout(leave, SHOWN_MS);
  const wait = () => clearTimeout(timer);
  const go = () => (timer = setTimeout(leave, SHOWN_MS));
  message.addEventListener("focusin", wait);
  message.addEventListener("focusout", go);
  message.addEventListener("pointerenter", wait);
  message.addEventListener("pointerleave", go);
}

// What forms share: labelled fields, and errors beside the field they are about.

import { Problem } from "./api.ts";
import { h } from "./dom.ts";

export interface Field {
  row: HTMLElement;
  input: HTMLInputElement;
}

export function field(
  name: string,
  label: string,
  attributes: Record<string, string | number | boolean>,
): Field {
  const input = h("input", { id: name, name, "aria-describedby": `${name}-error`, ...attributes });
  const row = h(
    "div",
    { class: "field" },
    h("label", { for: name }, label),
    input,
    h("p", { id: `${name}-error`, class: "error" }),
  );
  return { row, input };
}

/** Run what a form does; its buttons rest meanwhile, and what went wrong is shown in it. */
export async function submit(form: HTMLFormElement, run: () => Promise<void>): Promise<void> {
  clear(form);
  const buttons = form.querySelectorAll<HTMLButtonElement>("button");
  for (const button of buttons) button.disabled = true;
  try {
    await run();
  } catch (error) {
    show(form, error);
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

function clear(form: HTMLFormElement): void {
  for (const error of form.querySelectorAll(".error")) error.textContent = "";
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

function show(form: HTMLFormElement, error: unknown): void {
  const fields = error instanceof Problem ? error.fields : [];
  const elsewhere: string[] = [];
  let first: HTMLElement | null = null;
  for (const { field, message } of fields) {
    const input = form.elements.namedItem(field);
    const place = form.querySelector(`#${CSS.escape(field)}-error`);
    if (input instanceof HTMLElement && place !== null) {
      input.setAttribute("aria-invalid", "true");
      place.textContent = sentence(message);
      first ??= input;
    } else {
      elsewhere.push(`${field}: ${message}`);
    }
  }
  if (first === null) elsewhere.push(error instanceof Error ? error.message : String(error));
  const summary = form.querySelector(".summary");
  if (summary !== null) summary.textContent = elsewhere.map(sentence).join(" ");
  (first ?? form.querySelector("input"))?.focus();
}

/** The API's messages complete "this field ..."; a reader gets a sentence. */
function sentence(text: string): string {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

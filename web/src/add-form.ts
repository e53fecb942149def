// Adding a task: a title, and if wanted a day and how often it comes back.

import { h } from "./dom.ts";
import { submit } from "./form.ts";
import type { NewTask, Task, Tasks } from "./task.ts";

const REPEATS: [Task["recurrence_pattern"], string][] = [
  ["none", "Once"],
  ["daily", "Every day"],
  ["weekly", "Every week"],
  ["monthly", "Every month"],
  ["yearly", "Every year"],
];

export function addForm(tasks: Tasks): HTMLFormElement {
  const title = h("input", {
    name: "title",
    "aria-label": "New task",
    "aria-describedby": "title-error",
    placeholder: "What is to do?",
    autocomplete: "off",
    maxlength: 500,
    required: true,
  });
  const day = h("input", { name: "due_date", type: "date", "aria-describedby": "due_date-error" });
  const repeats = h(
    "select",
    { name: "recurrence_pattern", "aria-describedby": "recurrence_pattern-error" },
    ...REPEATS.map(([value, label]) => h("option", { value }, label)),
  );
  const form = h(
    "form",
    { class: "add" },
    h("div", { class: "line" }, title, h("button", { class: "primary", type: "submit" }, "Add")),
    h("p", { id: "title-error", class: "error" }),
    h(
      "div",
      { class: "line options" },
      h("label", {}, "Due ", day),
      h("label", {}, "Repeats ", repeats),
    ),
    h("p", { id: "due_date-error", class: "error" }),
    h("p", { id: "recurrence_pattern-error", class: "error" }),
    h("p", { class: "error summary", role: "alert" }),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit(form, async () => {
      const pattern = repeats.value as Task["recurrence_pattern"];
      const task: NewTask = { title: title.value };
      if (day.value !== "") task.due_date = day.value;
      if (pattern !== "none") task.recurrence_pattern = pattern;
      await tasks.add(task);
      form.reset();
      title.focus();
    });
  });
  return form;
}

// One task in the list.

import { daysUntil, inWords } from "./dates.ts";
import { h, icon, icons } from "./dom.ts";
import type { Task } from "./task.ts";

export interface Actions {
  toggle(task: Task): void;
  remove(task: Task): void;
}

export function taskItem(task: Task, today: string, actions: Actions): HTMLElement {
  const isDone = task.status === "completed";
  const toggle = h(
    "button",
    {
      type: "button",
      class: "check",
      role: "checkbox",
      "aria-checked": isDone ? "true" : "false",
      "aria-label": `Done: ${task.title}`,
      "data-action": "toggle",
    },
    icon(icons.check),
  );
  toggle.addEventListener("click", () => actions.toggle(task));
  const remove = h(
    "button",
    { type: "button", class: "remove", "aria-label": `Delete: ${task.title}`, "data-action": "remove" },
    icon(icons.remove),
  );
  remove.addEventListener("click", () => actions.remove(task));
  return h(
    "li",
    { class: isDone ? "task done" : "task", "data-id": task.id },
    toggle,
    h("div", { class: "what" }, h("p", { class: "title" }, task.title), details(task, today, isDone)),
    remove,
  );
}

function details(task: Task, today: string, isDone: boolean): HTMLElement | null {
  const parts: Node[] = [];
  if (task.due_date !== null) {
    const isLate = !isDone && daysUntil(task.due_date, today) < 0;
    const words = [inWords(task.due_date, today), task.due_time].filter(Boolean).join(", ");
    const text = isLate ? `Overdue: ${words}` : words;
    parts.push(h("time", { datetime: task.due_date, class: isLate && "late" }, text));
  }
  if (task.recurrence_pattern !== "none") {
    parts.push(h("span", { class: "repeat" }, icon(icons.repeat), repeats(task)));
  }
  if (task.priority === "high" || task.priority === "urgent") {
    parts.push(h("span", { class: `priority ${task.priority}` }, task.priority));
  }
  return parts.length === 0 ? null : h("p", { class: "details" }, ...parts);
}

function repeats(task: Task): string {
  const units = { daily: "day", weekly: "week", monthly: "month", yearly: "year" } as const;
  const pattern = task.recurrence_pattern;
  if (pattern === "none" || pattern === "custom") return "repeats";
  const count = task.recurrence_interval;
  return count === 1 ? `every ${units[pattern]}` : `every ${count} ${units[pattern]}s`;
}

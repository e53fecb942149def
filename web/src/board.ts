// The page of whoever is signed in: what is to do, live.

import { authorized, Problem } from "./api.ts";
import { addForm } from "./add-form.ts";
import { dayOf } from "./dates.ts";
import { h } from "./dom.ts";
import { type ChangeEvent, Live, type Status } from "./live.ts";
import { say } from "./messages.ts";
import type { Session } from "./session.ts";
import { type Task, Tasks } from "./task.ts";
import { type Actions, taskItem } from "./task-item.ts";

const STATUS: Record<Status, string> = {
  connecting: "Connecting",
  live: "Live",
  offline: "Offline: trying again",
};

export interface Board {
  page: HTMLElement;
  close(): void;
}

export function board(session: Session): Board {
  const request = authorized(session.token);
  const status = h("p", { class: "status", role: "status" });
  const pending = h("ul", { class: "tasks", "aria-label": "To do" });
  const empty = h("p", { class: "empty" });
  const completed = h("ul", { class: "tasks" });
  const count = h("span", { class: "count" });
  const done = h("details", {}, h("summary", {}, "Done ", count), completed);

  let isLoaded = false;
  let isQueued = false;
  const tasks = new Tasks(request, () => {
    // Many events in one go are drawn once.
    if (!isQueued) requestAnimationFrame(draw);
    isQueued = true;
  });

  const actions: Actions = {
    toggle: (task) => void act(() => toggle(task)),
    remove: (task) => void act(() => remove(task)),
  };

  async function toggle(task: Task): Promise<void> {
    if (task.status === "completed") return tasks.reopen(task.id);
    await tasks.complete(task.id);
    say(`Done: ${task.title}`, { label: "Undo", run: () => void act(() => tasks.reopen(task.id)) });
  }

  async function remove(task: Task): Promise<void> {
    await tasks.remove(task.id);
    say(`Deleted: ${task.title}`, { label: "Undo", run: () => void act(() => tasks.restore(task.id)) });
  }

  async function act(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      say(error instanceof Problem ? error.message : String(error));
    }
  }

  async function load(): Promise<void> {
    await tasks.load();
    isLoaded = true;
    draw();
  }

  function draw(): void {
    isQueued = false;
    const today = dayOf(new Date());
    const [open, closed] = [tasks.pending(), tasks.completed()];
    keepingFocus(page, () => {
      pending.replaceChildren(...open.map((task) => taskItem(task, today, actions)));
      completed.replaceChildren(...closed.map((task) => taskItem(task, today, actions)));
    });
    count.textContent = String(closed.length);
    done.hidden = closed.length === 0;
    empty.hidden = open.length > 0;
    empty.textContent = !isLoaded
      ? "Loading"
      : closed.length > 0
        ? "All done. Enjoy it."
        : "Nothing to do yet. Add your first task above.";
    document.title = open.length > 0 ? `(${open.length}) TaskWhisper` : "TaskWhisper";
  }

  const live = new Live(session.token, {
    onEvent: (event) => {
      const task = taskOf(event);
      if (task === null) return;
      tasks.take(task);
      announce(event, task);
    },
    onStale: () => void act(load),
    onStatus: (now) => {
      status.textContent = STATUS[now];
      status.dataset["status"] = now;
    },
  });

  const leave = h("button", { type: "button", class: "link" }, "Sign out");
  leave.addEventListener("click", () => void act(() => session.signOut()));
  const page = h(
    "div",
    { class: "board" },
    h(
      "header",
      {},
      h("p", { class: "brand" }, "TaskWhisper"),
      status,
      h("p", { class: "who" }, session.user?.name ?? session.user?.email ?? ""),
      leave,
    ),
    h("main", {}, h("h1", {}, "To do"), addForm(tasks), empty, pending, done),
  );
  draw();
  void act(load);
  return { page, close: () => live.stop() };
}

/** The task after the event; `null` when it is about something else. */
function taskOf(event: ChangeEvent): Task | null {
  return event.subject.type === "task" ? (event.data as Task) : null;
}

/** What a person would want to hear of, though it happened elsewhere. */
function announce(event: ChangeEvent, task: Task): void {
  if (event.event_type === "reminder.sent") say(`Reminder: ${task.title}`);
  if (event.event_type === "task.created" && event.source === "recurrence") {
    const day = task.due_date;
    const when = day === null ? "" : `, ${new Date(`${day}T12:00:00`).toLocaleDateString()}`;
    say(`Next: ${task.title}${when}`);
  }
}

/** Redraws without taking the keyboard user's place away. */
function keepingFocus(page: HTMLElement, draw: () => void): void {
  const active = document.activeElement;
  const item = active?.closest("li");
  const place =
    active instanceof HTMLElement && item != null && page.contains(item)
      ? { id: item.dataset["id"], action: active.dataset["action"], next: item.nextElementSibling }
      : null;
  const nextId = place?.next instanceof HTMLElement ? place.next.dataset["id"] : undefined;
  draw();
  if (place === null) return;
  const at = (id: string | undefined): HTMLElement | null => {
    if (id === undefined) return null;
    const same = page.querySelector<HTMLElement>(`li[data-id="${id}"] [data-action="${place.action}"]`);
    // A task that was done may now be in the folded part.
    return same?.checkVisibility() ? same : null;
  };
  (at(place.id) ?? at(nextId) ?? page.querySelector<HTMLElement>("input"))?.focus();
}

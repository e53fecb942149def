// Tasks as the API has them, and the list of them that is shown.

import type { Request } from "./api.ts";

export interface Task {
  id: string;
  title: string;
  status: "pending" | "completed";
  priority: "low" | "medium" | "high" | "urgent";
  due_date: string | null;
  due_time: string | null;
  recurrence_pattern: "none" | "daily" | "weekly" | "monthly" | "yearly" | "custom";
  recurrence_interval: number;
  completed_at: string | null;
  deleted_at: string | null;
  created_at: string;
  version: number;
}

export interface NewTask {
  title: string;
  due_date?: string;
  priority?: Task["priority"];
  recurrence_pattern?: Task["recurrence_pattern"];
}

interface Page {
  items: Task[];
  next_cursor: string | null;
}

const PAGE = 200;
/** Pages that are read: this list is for people, not for archives. */
const MAX_PAGES = 5;

/** Everything known of a user's tasks. Older versions never replace newer ones. */
export class Tasks {
  #request: Request;
  #known = new Map<string, Task>();
  /** Ids that changed while the list was being read. */
  #changed: Set<string> | null = null;
  #onChange: () => void;

  constructor(request: Request, onChange: () => void) {
    this.#request = request;
    this.#onChange = onChange;
  }

  get(id: string): Task | undefined {
    return this.#known.get(id);
  }

  pending(): Task[] {
    const pending = this.#shown((task) => task.status === "pending");
    return pending.sort((a, b) => due(a).localeCompare(due(b)) || order(a, b));
  }

  completed(): Task[] {
    const completed = this.#shown((task) => task.status === "completed");
    return completed.sort((a, b) => (b.completed_at ?? "").localeCompare(a.completed_at ?? ""));
  }

  /** Take over what the API or an event says. */
  take(task: Task): void {
    const known = this.#known.get(task.id);
    if (known !== undefined && known.version > task.version) return;
    this.#known.set(task.id, task);
    this.#changed?.add(task.id);
    this.#onChange();
  }

  async load(): Promise<void> {
    const changed = new Set<string>();
    this.#changed = changed;
    const [pending, completed] = await Promise.all([
      this.#pages("status=pending&sort=due", MAX_PAGES),
      this.#pages("status=completed&sort=-updated_at", 1),
    ]);
    if (this.#changed !== changed) return; // A later call reads it again.
    this.#changed = null;
    const listed = new Map([...pending, ...completed].map((task) => [task.id, task]));
    for (const id of this.#known.keys()) {
      if (!listed.has(id) && !changed.has(id)) this.#known.delete(id);
    }
    for (const task of listed.values()) {
      const known = this.#known.get(task.id);
      if (known === undefined || known.version <= task.version) this.#known.set(task.id, task);
    }
    this.#onChange();
  }

  async add(task: NewTask): Promise<void> {
    this.take(await this.#request<Task>("POST", "/api/me/tasks", task));
  }

  async complete(id: string): Promise<void> {
    this.take(await this.#request<Task>("POST", `/api/me/tasks/${id}/complete`));
  }

  async reopen(id: string): Promise<void> {
    this.take(await this.#request<Task>("POST", `/api/me/tasks/${id}/reopen`));
  }

  async remove(id: string): Promise<void> {
    await this.#request<void>("DELETE", `/api/me/tasks/${id}`);
    const task = this.#known.get(id);
    if (task === undefined || task.deleted_at !== null) return;
    this.take({ ...task, deleted_at: new Date().toISOString() });
  }

  async restore(id: string): Promise<void> {
    this.take(await this.#request<Task>("POST", `/api/me/tasks/${id}/restore`));
  }

  async #pages(query: string, max: number): Promise<Task[]> {
    const tasks: Task[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < max; page += 1) {
      const next: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const path = `/api/me/tasks?${query}&limit=${PAGE}${next}`;
      const answer: Page = await this.#request<Page>("GET", path);
      tasks.push(...answer.items);
      cursor = answer.next_cursor;
      if (cursor === null) break;
    }
    return tasks;
  }

  #shown(which: (task: Task) => boolean): Task[] {
    return [...this.#known.values()].filter((task) => task.deleted_at === null && which(task));
  }
}

/** Sorts by day and time; what has none comes last. */
function due(task: Task): string {
  return `${task.due_date ?? "9999"} ${task.due_time ?? "24"}`;
}

function order(a: Task, b: Task): number {
  return a.created_at.localeCompare(b.created_at);
}

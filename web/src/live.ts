// Live updates over the WebSocket. A broken connection comes back by itself, with the id of the
// last event, so nothing is missed; where that is not possible, everything is read anew.

export interface ChangeEvent {
  id: string;
  event_type: string;
  subject: { type: string; id: string };
  task_id: string | null;
  /** The subject after it, in the shape that the API gives it; `null` where there is none. */
  data: unknown;
  source: string;
  timestamp: string;
}

type Frame =
  | ({ type: "event" } & ChangeEvent)
  | { type: "ready"; cursor: string | null }
  | { type: "reload" }
  | { type: "pong" };

export type Status = "connecting" | "live" | "offline";

export interface Listener {
  onEvent(event: ChangeEvent): void;
  /** What is shown may be old: read everything. */
  onStale(): void;
  onStatus(status: Status): void;
}

const SUBPROTOCOL = "taskwhisper.v1";
const EXPIRED = 4401;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
/** A connection that is dead without anyone having said so is found by asking. */
const PING_EVERY_MS = 25_000;
const ANSWER_WITHIN_MS = 10_000;

export class Live {
  #listener: Listener;
  #token: (renew: boolean) => Promise<string | null>;
  #socket: WebSocket | null = null;
  #cursor: string | null = null;
  #retryMs = FIRST_RETRY_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  #renew = false;

  constructor(token: (renew: boolean) => Promise<string | null>, listener: Listener) {
    this.#token = token;
    this.#listener = listener;
    addEventListener("online", this.#now);
    document.addEventListener("visibilitychange", this.#now);
    void this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    removeEventListener("online", this.#now);
    document.removeEventListener("visibilitychange", this.#now);
    this.#socket?.close(1000);
  }

  /** The network or the reader is back: do not wait for the next attempt. */
  #now = (): void => {
    if (document.hidden || this.#stopped) return;
    if (this.#socket === null) this.#again(0);
    else this.#ask();
  };

  #again(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#connect(), ms);
  }

  #retry(): void {
    if (this.#stopped) return;
    this.#listener.onStatus("offline");
    // Spread, so that the clients of a restarted server do not all come at once.
    this.#again(this.#retryMs * (0.5 + Math.random() / 2));
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }

  async #connect(): Promise<void> {
    if (this.#stopped || this.#socket !== null) return;
    let token: string | null;
    try {
      token = await this.#token(this.#renew);
    } catch {
      return this.#retry();
    }
    // Signed out while waiting, or another attempt was quicker.
    if (token === null || this.#stopped || this.#socket !== null) return;
    const url = new URL("/ws", location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    if (this.#cursor !== null) url.searchParams.set("since", this.#cursor);
    const since = this.#cursor;
    const socket = new WebSocket(url, [SUBPROTOCOL, `bearer.${token}`]);
    this.#socket = socket;
    this.#listener.onStatus("connecting");
    let opened = false;
    socket.onopen = () => (opened = true);
    socket.onmessage = (message) => this.#take(JSON.parse(String(message.data)) as Frame, since);
    socket.onclose = (close) => {
      clearTimeout(this.#timer);
      this.#socket = null;
      // A browser does not say why an opening was refused: it may have been the token.
      this.#renew = !opened || close.code === EXPIRED;
      if (close.code === EXPIRED && !this.#stopped) this.#again(0);
      else this.#retry();
    };
  }

  #take(frame: Frame, since: string | null): void {
    this.#expectLife();
    switch (frame.type) {
      case "event":
        this.#cursor = frame.id;
        this.#listener.onEvent(frame);
        break;
      case "reload":
        this.#cursor = null;
        this.#listener.onStale();
        break;
      case "ready":
        this.#retryMs = FIRST_RETRY_MS;
        this.#renew = false;
        this.#cursor = frame.cursor;
        this.#listener.onStatus("live");
        // Without a cursor nothing is known of the time before.
        if (since === null) this.#listener.onStale();
        break;
      case "pong":
        break;
    }
  }

  #expectLife(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), PING_EVERY_MS);
  }

  #ask(): void {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    socket.send(JSON.stringify({ type: "ping" }));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      // `close` would wait for an answer that does not come.
      socket.onclose = null;
      socket.onmessage = null;
      socket.close();
      this.#socket = null;
      this.#retry();
    }, ANSWER_WITHIN_MS);
  }
}

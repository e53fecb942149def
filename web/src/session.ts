// Who is signed in. The access token lives in memory only; the refresh token is a cookie that
// scripts cannot read.

import { Problem, send } from "./api.ts";

export interface User {
  id: string;
  email: string;
  name: string | null;
  time_zone: string;
}

interface SignedIn {
  access_token: string;
  expires_in: number;
  user: User;
}

/** Renewed this long before it expires: a request under way should still be good. */
const MARGIN_MS = 30_000;
/** A refresh token is good for one use, and tabs share it: they take turns. */
const REFRESH_LOCK = "taskwhisper-refresh";

export class Session {
  #user: User | null = null;
  #token: { text: string; expiresAt: number } | null = null;
  #renewing: Promise<string | null> | null = null;
  #onEnd: () => void;

  /** `onEnd` is called when a session that was there is over. */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  get user(): User | null {
    return this.#user;
  }

  async signUp(email: string, password: string, name: string): Promise<void> {
    const time_zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const body = { email, password, time_zone, ...(name && { name }) };
    this.#begin(await send<SignedIn>("POST", "/api/auth/sign-up", { body }));
  }

  async signIn(email: string, password: string): Promise<void> {
    this.#begin(await send<SignedIn>("POST", "/api/auth/sign-in", { body: { email, password } }));
  }

  async signOut(): Promise<void> {
    await send<void>("POST", "/api/auth/sign-out");
    this.#end();
  }

  /** Take up the session the browser's cookie stands for; false if there is none. */
  async resume(): Promise<boolean> {
    return (await this.token(true)) !== null;
  }

  /** The access token; `null` when signed out. Fails when the server cannot be reached. */
  token = async (renew: boolean): Promise<string | null> => {
    const isGood = this.#token !== null && Date.now() < this.#token.expiresAt - MARGIN_MS;
    if (this.#token !== null && isGood && !renew) return this.#token.text;
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = null));
    return this.#renewing;
  };

  async #renew(): Promise<string | null> {
    const refresh = () => send<SignedIn>("POST", "/api/auth/refresh");
    try {
      // Locks exist in secure contexts only.
      const locks = (navigator as Partial<Navigator>).locks;
      this.#begin(locks ? await locks.request(REFRESH_LOCK, refresh) : await refresh());
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) throw error;
      this.#end();
    }
    return this.#token?.text ?? null;
  }

  #begin(signedIn: SignedIn): void {
    this.#user = signedIn.user;
    this.#token = {
      text: signedIn.access_token,
      expiresAt: Date.now() + signedIn.expires_in * 1000,
    };
  }

  #end(): void {
    const wasThere = this.#user !== null;
    this.#user = null;
    this.#token = null;
    if (wasThere) this.#onEnd();
  }
}

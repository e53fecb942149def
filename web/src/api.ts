// HTTP to the API. Errors are problem documents (RFC 9457); a token that ran out is renewed once.

export interface FieldError {
  field: string;
  message: string;
}

/** What the API answers instead of a result, or that it could not be reached. */
export class Problem extends Error {
  readonly status: number;
  readonly fields: FieldError[];

  constructor(status: number, detail: string, fields: FieldError[] = []) {
    super(detail);
    this.status = status;
    this.fields = fields;
  }
}

/** Gives the access token, a fresh one if `renew` is set; `null` where nobody is signed in. */
export type TokenSource = (renew: boolean) => Promise<string | null>;

/** One request; `undefined` for an answer without a body. */
export async function send<T>(
  method: string,
  path: string,
  options: { body?: unknown; token?: string } = {},
): Promise<T> {
  const headers = new Headers({ accept: "application/json" });
  const request: RequestInit = { method, headers, credentials: "same-origin" };
  if (options.token !== undefined) headers.set("authorization", `Bearer ${options.token}`);
  if (options.body !== undefined) {
    headers.set("content-type", "application/json");
    request.body = JSON.stringify(options.body);
  }
  let response: Response;
  try {
    response = await fetch(path, request);
  } catch {
    throw new Problem(0, "The server cannot be reached. Check your connection and try again.");
  }
  if (response.ok) return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
  throw await problem(response);
}

/** Requests in the name of whoever is signed in. */
export function authorized(tokens: TokenSource) {
  return async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
    const attempt = async (renew: boolean): Promise<T> => {
      const token = await tokens(renew);
      if (token === null) throw new Problem(401, "You are signed out.");
      return send<T>(method, path, { body, token });
    };
    try {
      return await attempt(false);
    } catch (error) {
      if (error instanceof Problem && error.status === 401) return attempt(true);
      throw error;
    }
  };
}

export type Request = ReturnType<typeof authorized>;

async function problem(response: Response): Promise<Problem> {
  const fallback = `The server answered ${response.status} ${response.statusText}.`;
  try {
    const document = (await response.json()) as { detail?: string; errors?: FieldError[] };
    return new Problem(response.status, document.detail ?? fallback, document.errors ?? []);
  } catch {
    return new Problem(response.status, fallback);
  }
}

// Signing in, or up for the first time.

import { h } from "./dom.ts";
import { field, submit } from "./form.ts";
import type { Session } from "./session.ts";

const MIN_PASSWORD_CHARS = 8;

export function signIn(session: Session, onSignedIn: () => void): HTMLElement {
  const page = h("main", { class: "card" });
  const show = (isNew: boolean) => page.replaceChildren(...content(isNew));

  function content(isNew: boolean): Node[] {
    const name = field("name", "Name (optional)", { autocomplete: "name", maxlength: 200 });
    const email = field("email", "E-mail", { type: "email", autocomplete: "username", required: true });
    const password = field("password", "Password", {
      type: "password",
      autocomplete: isNew ? "new-password" : "current-password",
      required: true,
      ...(isNew && { minlength: MIN_PASSWORD_CHARS }),
    });
    const title = isNew ? "Create your account" : "Sign in";
    const form = h(
      "form",
      {},
      h("p", { class: "error summary", role: "alert" }),
      isNew && name.row,
      email.row,
      password.row,
      isNew && h("p", { class: "hint" }, `At least ${MIN_PASSWORD_CHARS} characters.`),
      h("button", { class: "primary", type: "submit" }, isNew ? "Create account" : "Sign in"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void submit(form, async () => {
        const [address, secret] = [email.input.value, password.input.value];
        if (isNew) await session.signUp(address, secret, name.input.value.trim());
        else await session.signIn(address, secret);
        onSignedIn();
      });
    });
    const other = h("button", { class: "link", type: "button" }, isNew ? "Sign in" : "Create an account");
    other.addEventListener("click", () => {
      show(!isNew);
      page.querySelector("input")?.focus();
    });
    return [
      h("p", { class: "brand" }, "TaskWhisper"),
      h("h1", {}, title),
      form,
      h("p", { class: "other" }, isNew ? "Already have an account? " : "New here? ", other),
    ];
  }

  show(false);
  return page;
}

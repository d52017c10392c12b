"use strict";

// A link carries its secret behind the #, which is sent to nobody. It moves into the form
// and out of the address. Only the person's click sends it.
function takeLink(form) {
  const secret = location.hash.slice(1);
  if (!secret) return;
  form.elements.link.value = secret;
  form.querySelector("[data-paste]").hidden = true;
  history.replaceState(null, "", location.pathname + location.search);
  form.querySelector("button").focus();
}

async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Accept": "application/json", "Content-Type": "application/json" },
    body: body === undefined ? "" : JSON.stringify(body),
  });
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.message + ".");
  return value;
}

const passkeys = {
  "sign-in": async (form) => {
    const options = await post("/signin/passkey/begin");
    const credential = await navigator.credentials.get({
      publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey),
    });
    const query = new URLSearchParams({ next: form.dataset.next });
    return post("/signin/passkey?" + query, credential.toJSON());
  },
  "add": async (form) => {
    const options = await post("/signin/passkeys/begin");
    const credential = await navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey),
    });
    const query = new URLSearchParams({ next: form.dataset.next, name: form.elements.name.value });
    return post("/signin/passkeys?" + query, credential.toJSON());
  },
};

function usePasskey(form) {
  const button = form.querySelector("button");
  const problem = form.querySelector("[data-error]");
  if (!window.PublicKeyCredential || !PublicKeyCredential.parseRequestOptionsFromJSON) {
    button.disabled = true;
    problem.textContent = "This browser has no passkeys, or is too old for them.";
    return;
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    problem.textContent = "";
    try {
      const { next } = await passkeys[form.dataset.passkey](form);
      location.assign(next);
    } catch (error) {
      problem.textContent = error.name === "NotAllowedError" ? "The passkey was not used. Try again." : error.message;
      button.disabled = false;
    }
  });
}

document.querySelectorAll("form[data-link]").forEach(takeLink);
document.querySelectorAll("form[data-passkey]").forEach(usePasskey);

// The inbox works without this file. It adds: keys, "is typing" for colleagues.
"use strict";

const help = document.getElementById("help");
const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent);

function step(by) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row === document.activeElement);
  const here = at < 0 ? all.findIndex((row) => row.getAttribute("aria-current")) : at;
  all[Math.min(Math.max(here + by, 0), all.length - 1)].focus();
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  r: () => document.getElementById("body")?.focus(),
  e: () => document.getElementById("close-form")?.requestSubmit(),
  "/": () => rows().length || document.getElementById("q").offsetParent ? document.getElementById("q").focus() : null,
  "?": () => {
    help.open = !help.open;
    help.querySelector("summary").focus();
  },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

// --- colleagues in the same thread are told who types, at most every four seconds
let told = 0;
document.addEventListener("input", (event) => {
  const form = event.target.closest("[data-typing]");
  if (!form || Date.now() - told < 4000) return;
  told = Date.now();
  fetch(form.dataset.typing, {
    method: "POST",
    headers: { "X-CSRFToken": document.body.dataset.csrf },
  }).catch(() => {});
});

// --- a tab that nobody sees asks for no texts: what it drew would count as read
document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.detail.elt.id === "transcript") event.preventDefault();
});

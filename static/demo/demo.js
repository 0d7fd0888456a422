// The phonebook works without this file. It adds: the thread opens at its newest text, typing goes on after sending.
"use strict";

function toNewest() {
  for (const thread of document.querySelectorAll("[data-newest]")) thread.scrollTop = thread.scrollHeight;
}

toNewest();
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id === "transcript" || event.detail.target.id === "phone") toNewest();
  if (event.detail.target.id === "phone") document.querySelector("[data-focus]").focus();
});

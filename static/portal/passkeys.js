// Hands the page's ids to django-allauth's passkey forms; the page says which form it is.
"use strict";

const here = document.getElementById("passkeys");
if (here && window.allauth && window.PublicKeyCredential) {
  const { form, ...ids } = here.dataset;
  window.allauth.webauthn.forms[form]({ ids });
} else if (here) {
  for (const button of document.querySelectorAll("#passkey_login, #use_passkey, #add_passkey")) button.hidden = true;
}
document.addEventListener("allauth.error", (event) => {
  event.preventDefault(); // the person closed the browser's window, or has no passkey here: the other ways stay
});

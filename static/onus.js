// Comforts only: every page works without this file. It writes text, never markup (trusted-types 'none').
"use strict";

for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) break; // plain http: the id can still be selected by hand
  const label = button.querySelector("span");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      say(button, label, "Copied");
    } catch {
      say(button, label, "Not copied: select it by hand");
    }
  });
}

for (const button of document.querySelectorAll("button[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// After an error the reader begins at its summary.
document.getElementById("problem")?.focus();

function say(button, label, words) {
  label.textContent = words;
  spoken().textContent = words;
  setTimeout(() => { label.textContent = "Copy"; }, 2000);
}

function spoken() {
  let region = document.getElementById("spoken");
  if (!region) {
    region = document.createElement("p");
    region.id = "spoken";
    region.className = "unseen";
    region.setAttribute("role", "status");
    document.body.append(region);
  }
  return region;
}

// Enhancements only: every page does its work without this file.
(() => {
  "use strict";

  // Copy buttons: hidden until they can work.
  if (navigator.clipboard) {
    for (const button of document.querySelectorAll("button[data-copy]")) {
      const label = button.textContent;
      const status = document.createElement("span");
      status.className = "visually-hidden";
      status.setAttribute("role", "status");
      button.after(status);
      button.hidden = false;
      button.addEventListener("click", async () => {
        const source = document.getElementById(button.dataset.copy);
        if (!source) return;
        try {
          await navigator.clipboard.writeText((source.value || source.textContent).trim());
          button.textContent = "Copied";
        } catch {
          button.textContent = "Not copied";
        }
        status.textContent = button.textContent;
        setTimeout(() => {
          button.textContent = label;
          status.textContent = "";
        }, 2000);
      });
    }
  }

  // Times: the exact one stays in the text, how long ago it was becomes the tooltip.
  if (window.Intl && Intl.RelativeTimeFormat) {
    const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
    const steps = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
    const now = Date.now();
    for (const time of document.querySelectorAll("time[datetime]")) {
      const seconds = (Date.parse(time.dateTime) - now) / 1000;
      if (Number.isNaN(seconds)) continue;
      const [unit, size] = steps.find(([, size]) => Math.abs(seconds) >= size) || steps[3];
      time.title = relative.format(Math.round(seconds / size), unit);
    }
  }

  // A form is sent once, however often its button is pressed; the browser's own "back" makes it usable again.
  for (const form of document.querySelectorAll("form[method=post]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
  }
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  // An open confirmation or menu closes with Escape and gives the focus back.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.activeElement && document.activeElement.closest("details[open].confirm, details[open].menu");
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });
})();

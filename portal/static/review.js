/* The keys of the match review, and the next song fetched before it is wanted. The page works without this file. */
"use strict";

(() => {
  const SWITCH = "review-keys";
  const ahead = new Map(); // ref of a song → its panel, fetched before it is wanted
  const byId = (id) => document.getElementById(id);
  const entries = () => [...document.querySelectorAll("#review-queue li[data-ref]")];
  const shown = () => document.querySelector(".review-song")?.dataset.ref;
  const address = (entry) => entry.querySelector("a").getAttribute("href");

  function neighbour(step, waiting) {
    const all = entries();
    let at = all.findIndex((entry) => entry.dataset.ref === shown()) + step;
    while (waiting && all[at]?.dataset.settled) at += step;
    return all[at];
  }

  async function fetchPanel(entry) {
    const answer = await fetch(address(entry), { headers: { "HX-Request": "true" } });
    return answer.ok ? answer.text() : "";
  }

  function preload() {
    const entry = neighbour(1, true);
    if (entry && !ahead.has(entry.dataset.ref)) ahead.set(entry.dataset.ref, fetchPanel(entry));
  }

  function mark() {
    for (const entry of entries()) {
      const link = entry.querySelector("a");
      if (entry.dataset.ref === shown()) {
        link.setAttribute("aria-current", "true");
        entry.scrollIntoView({ block: "nearest" });
      } else link.removeAttribute("aria-current");
    }
  }

  async function open(entry) {
    const text = (await ahead.get(entry.dataset.ref)) || (await fetchPanel(entry));
    ahead.delete(entry.dataset.ref);
    if (!text) return location.assign(address(entry));
    const panel = byId("review-panel");
    panel.innerHTML = text;
    htmx.process(panel);
    history.replaceState(null, "", address(entry));
    arrived();
  }

  function move(step) {
    const entry = neighbour(step, false);
    if (entry) open(entry);
    else if (step > 0) document.querySelector(".review-more a[rel=next]")?.click();
  }

  /** After a song has come: mark it in the list, fetch the one after it. */
  function arrived() {
    mark();
    preload();
  }

  /** What a decision settled gets its state in the list and is passed over; what waits again is open again. */
  function settle() {
    const settled = byId("review-settled");
    if (!settled) return;
    for (const state of [...settled.content.children]) {
      const entry = byId(`entry-${state.dataset.ref}`);
      ahead.delete(state.dataset.ref);
      if (!entry) continue;
      entry.querySelector(".status")?.remove();
      if (state.dataset.waits) delete entry.dataset.settled;
      else {
        entry.dataset.settled = "1";
        entry.querySelector("a").append(...state.children);
      }
    }
    settled.remove();
  }

  function act(code) {
    const form = byId("review-form");
    const deed = { KeyA: "accept", KeyW: "music", KeyR: "reject", KeyN: "leave_out" }[code];
    if (deed) form?.querySelector(`button[value=${deed}]`)?.click();
    else if (code === "KeyJ") move(1);
    else if (code === "KeyK") move(-1);
    else if (code === "KeyU") byId("review-undo")?.click();
    else if (code === "KeyM") {
      const several = byId("review-divide");
      if (!several) return false;
      several.open = true;
      several.querySelector("input[name=part]").focus();
    } else if (code === "KeyE") form?.querySelector("input[name=equal]")?.click();
    else if (/^(Digit|Numpad)[1-9]$/.test(code)) {
      const choice = form?.querySelector(`input[data-number="${code.at(-1)}"]`);
      const folded = choice?.closest("details");
      if (folded) folded.open = true;
      choice?.click();
    } else return false;
    return true;
  }

  // event.code and not event.key: with the Korean keyboard on, j is ㅓ. What an input method composes is no key.
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!byId("review-keys-on")?.checked) return;
    const field = event.target.closest("input:not([type=radio]):not([type=checkbox]), textarea, select");
    if (!field && act(event.code)) event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    const entry = event.target.closest("#review-queue li[data-ref]");
    if (!entry || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(entry);
  });

  document.addEventListener("htmx:configRequest", (event) => {
    if (["review-form", "review-divide-form"].includes(event.detail.elt.id)) {
      event.detail.parameters.set("next", neighbour(1, true)?.dataset.ref ?? "");
    }
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    if ([409, 422].includes(event.detail.xhr.status)) event.detail.shouldSwap = true; // says what is wrong
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target?.id !== "review-panel") return;
    settle();
    arrived();
    byId("review-title")?.focus({ preventScroll: true });
    window.scrollTo({ top: 0 });
  });

  document.addEventListener("DOMContentLoaded", () => {
    const box = byId("review-keys-on");
    if (!box) return;
    box.checked = localStorage.getItem(SWITCH) !== "off";
    box.addEventListener("change", () => localStorage.setItem(SWITCH, box.checked ? "on" : "off"));
    arrived();
  });
})();

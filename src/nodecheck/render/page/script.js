"use strict";
(() => {
  const bar = document.getElementById("bar");
  const search = bar.querySelector("input");
  const told = bar.querySelector("output");
  const buttons = [...bar.querySelectorAll("button[data-status]")];
  const groups = [...document.querySelectorAll(".results tbody")];
  const rows = [...document.querySelectorAll(".results tr[data-status]")];
  let texts = null;

  function filter() {
    const wanted = buttons.filter((button) => button.getAttribute("aria-pressed") === "true").map((button) => button.dataset.status);
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length && !texts) texts = rows.map((row) => row.textContent.toLowerCase());
    let shown = 0;
    rows.forEach((row, place) => {
      const has = row.dataset.status.split(" ");
      const kept = (!wanted.length || wanted.some((status) => has.includes(status))) &&
        words.every((word) => texts[place].includes(word));
      row.hidden = !kept;
      shown += kept;
    });
    groups.forEach((group) => { group.hidden = !group.querySelector("tr[data-status]:not([hidden])"); });
    told.textContent = shown === rows.length ? "" : shown + " of " + rows.length + " shown";
  }

  buttons.forEach((button) => button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    filter();
  }));
  let waiting = 0;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 60);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(event.target.tagName)) {
      event.preventDefault();
      search.focus();
    }
  });

  function select(pre) {
    const range = document.createRange();
    range.selectNodeContents(pre);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }
  async function copy(pre, button) {
    const text = pre.textContent;
    let done = false;
    try {
      await navigator.clipboard.writeText(text);
      done = true;
    } catch {
      select(pre);
      done = document.execCommand("copy");
    }
    button.textContent = done ? "Copied" : "Selected";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  }
  document.querySelectorAll("pre.copy").forEach((pre) => {
    const frame = document.createElement("div");
    frame.className = "copied";
    pre.replaceWith(frame);
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", () => copy(pre, button));
    frame.append(pre, button);
  });

  const all = document.getElementById("all");
  all.addEventListener("click", () => {
    const open = all.getAttribute("aria-pressed") !== "true";
    all.setAttribute("aria-pressed", String(open));
    document.querySelectorAll("main details").forEach((one) => { one.open = open; });
  });

  // In print, what needs attention is open, and so is what the reader opened: the rest is a line each.
  const attention = ["fail", "unknown", "waived"].map((status) => `tr[data-status~="${status}"] details:not([open])`);
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll(attention.join())];
    closed.forEach((one) => { one.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((one) => { one.open = false; }));

  function reveal() {
    let place = location.hash.slice(1);
    try { place = decodeURIComponent(place); } catch { /* as it is */ }
    const row = document.getElementById(place);
    const details = row && row.querySelector("details");
    if (details) details.open = true;
  }
  addEventListener("hashchange", reveal);
  reveal();
  bar.hidden = false;
})();

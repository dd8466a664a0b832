"use strict";
(() => {
  const list = document.getElementById("items");
  const items = [...list.children];
  const textOf = (item) => [...item.querySelectorAll("h2, .prompt, .error, dl")].map((part) => part.textContent).join(" ");
  const texts = new Map(items.map((item) => [item, textOf(item).toLowerCase()]));
  const [text, state, sort] = ["text", "state", "sort"].map((id) => document.getElementById(id));
  const summary = document.getElementById("summary");
  const nothing = document.getElementById("nothing");
  let shown = items;

  const number = (item, name) => (item.dataset[name] === "" ? NaN : Number(item.dataset[name]));

  const compare = (name, sign) => (a, b) => {
    const [x, y] = [number(a, name), number(b, name)];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
    return sign * (x - y) || a.dataset.order - b.dataset.order;
  };

  const show = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (item) =>
      (!state.value || item.dataset.state === state.value) && words.every((word) => texts.get(item).includes(word));
    const name = sort.value.replace("-", "");
    shown = items.filter(fits).sort(compare(name, sort.value.startsWith("-") ? -1 : 1));
    for (const item of items) item.hidden = true;
    for (const item of shown) item.hidden = false;
    list.append(...shown);
    const cost = shown.reduce((sum, item) => sum + (number(item, "cost") || 0), 0);
    summary.textContent = `${shown.length} of ${items.length} requests, $${cost.toFixed(4)}`;
    nothing.hidden = shown.length > 0;
  };

  const step = (by) => {
    const at = shown.indexOf(document.activeElement.closest("article"));
    const next = shown[Math.min(Math.max(at + by, 0), shown.length - 1)];
    if (next) {
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    }
  };

  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, select");
    if (event.key === "Escape" && typing) event.target.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") text.focus();
    else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "Enter" && event.target.matches("article")) event.target.querySelector(".media a")?.click();
    else return;
    event.preventDefault();
  });
  text.addEventListener("input", show);
  state.addEventListener("change", show);
  sort.addEventListener("change", show);
})();

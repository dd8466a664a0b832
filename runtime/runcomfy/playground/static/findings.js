// Showing what the validators found, each at its input.
"use strict";

import { el } from "./dom.js";

const tokens = (pointer) => pointer.split("/").slice(1).map((one) => one.replace(/~1/g, "/").replace(/~0/g, "~"));

// The list beside the innermost input that the pointer leads to.
function listFor(form, pointer) {
  let parts = form;
  let found = null;
  let target = null;
  for (const token of tokens(pointer)) {
    const next = parts?.parts?.(token);
    if (!next) break;
    found = next.problems;
    target = next.inner.target ?? null;
    parts = next.inner;
  }
  return [found, target];
}

export function showFindings(root, form, general, report) {
  for (const list of root.querySelectorAll(".problems")) list.replaceChildren();
  for (const field of root.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  general.replaceChildren();
  for (const [kind, word] of [["errors", "Error"], ["warnings", "Warning"], ["unchecked", "Not checked"]]) {
    for (const finding of report[kind]) {
      const [list, target] = listFor(form, finding.pointer);
      if (kind === "errors") target?.setAttribute("aria-invalid", "true");
      (list ?? general).append(el("li", { class: kind }, el("strong", {}, `${word}: `), finding.text));
    }
  }
}

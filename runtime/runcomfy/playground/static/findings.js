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

// Rules of one input that were not checked for the same reason are shown together.
function together(findings) {
  const found = new Map();
  for (const one of findings) {
    const known = found.get(`${one.pointer}\n${one.text}`);
    if (known) known.rules.push(one.rule);
    else found.set(`${one.pointer}\n${one.text}`, { ...one, rules: [one.rule] });
  }
  return [...found.values()].map((one) => ({ ...one, text: `${one.rules.join(", ")} (${one.text})` }));
}

// What is missing is an error at an input only after somebody was there: `touched` holds the names of those inputs.
const early = (finding, touched) => finding.rule === "required" && !touched.has(tokens(finding.pointer)[0]);

export function showFindings(root, form, general, report, touched) {
  for (const list of root.querySelectorAll(".problems")) list.replaceChildren();
  for (const field of root.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  const groups = [["errors", "Error", report.errors.filter((one) => !early(one, touched))], ["warnings", "Warning", report.warnings], ["unchecked", "Not checked", together(report.unchecked)]];
  for (const [kind, word, findings] of groups) {
    for (const finding of findings) {
      const [list, target] = listFor(form, finding.pointer);
      if (kind === "errors") target?.setAttribute("aria-invalid", "true");
      (list ?? general).append(el("li", { class: kind }, el("strong", {}, `${word}: `), finding.text));
    }
  }
}

// The verdict in words; while nothing else is wrong, the inputs that are still needed.
export function verdict(report, touched) {
  if (report.valid) return [report.summary, "valid"];
  const needed = report.errors.filter((one) => early(one, touched)).map((one) => tokens(one.pointer).at(-1));
  return needed.length === report.errors.length ? [`Still needed: ${needed.join(", ")}`, "soft"] : [report.summary, "errors"];
}

"use strict";
// Collects the answers and saves them as a CSV file. Nothing is sent.
const form = document.querySelector("form");
const state = document.querySelector("#state");
const questions = [...document.querySelectorAll(".question")];
let isSaved = true;

function chosen(question) {
  const input = question.querySelector("input[type=radio]:checked");
  return input ? input.value : "";
}

function report() {
  const open = questions.filter((question) => !chosen(question)).length;
  state.textContent = open === 0 ? "All questions have an answer." : `${open} of ${questions.length} questions have no answer.`;
}

// A cell in quotes, so that commas and quotes in a name stay in it. A first character that a spreadsheet reads as a formula gets an apostrophe.
function cell(text) {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}

function rows() {
  const participant = form.elements.participant.value.trim();
  const lines = ["study,group,participant,question,option,chosen,comprehensive,easy,reasonable"];
  for (const question of questions) {
    for (const option of question.querySelectorAll(".option")) {
      const letter = option.dataset.option;
      const rating = (scale) => option.querySelector(`select[data-scale=${scale}]`)?.value ?? "";
      const cells = [form.dataset.study, form.dataset.group, participant, question.id, letter, chosen(question) === letter ? "1" : "0"];
      lines.push([...cells, rating("comprehensive"), rating("easy"), rating("reasonable")].map(cell).join(","));
    }
  }
  return lines.join("\r\n") + "\r\n";
}

form.addEventListener("change", () => { isSaved = false; report(); });
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const name = form.elements.participant.value.trim().replace(/[^\p{L}\p{N}_-]+/gu, "-");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([rows()], { type: "text/csv" }));
  link.download = `answers-${form.dataset.group}-${name}.csv`;
  link.click();
  isSaved = true;
  state.textContent = `Saved as ${link.download}. Send this file back.`;
});
window.addEventListener("beforeunload", (event) => { if (!isSaved) event.preventDefault(); });
report();

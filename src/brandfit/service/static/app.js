// What pages do beyond links and forms: files dropped, progress told, opinions noted. Every page is of use without it.
"use strict";

const api = (path, options = {}) =>
  fetch(`/api/v1${path}`, { headers: { "content-type": "application/json", ...(options.headers || {}) }, ...options }).then(async (answer) => {
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error([told.title, told.detail].filter(Boolean).join(" ") || `The service answered ${answer.status}.`);
    return told;
  });

const say = (text) => {
  const place = document.getElementById("say");
  if (place) place.textContent = text;
};

// --- a job that runs: its bar moves, and the page is made anew when it ends
for (const place of document.querySelectorAll("[data-job]")) {
  const bar = place.querySelector("progress");
  const words = place.querySelector("[data-words]");
  const ask = () =>
    api(`/jobs/${place.dataset.job}`)
      .then((job) => {
        if (!["queued", "running"].includes(job.state)) return location.reload();
        if (job.total > 0) {
          bar.max = job.total;
          bar.value = job.done;
        } else bar.removeAttribute("value");
        const share = job.total > 0 ? ` ${Math.floor((100 * job.done) / job.total)} %` : "";
        words.textContent = job.state === "queued" ? "Waits for others to end" : `${job.step || "Starts"}${share}`;
        setTimeout(ask, 700);
      })
      .catch(() => setTimeout(ask, 3000));
  ask();
}

// --- like, dislike, on the list: noted at once
for (const button of document.querySelectorAll("button[data-mark]")) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    const { brand, influencer, mark } = button.dataset;
    const on = button.getAttribute("aria-pressed") !== "true";
    const body = mark === "listed" ? { listed: on } : { opinion: on ? mark : null };
    api(`/marks/${encodeURIComponent(brand)}/${encodeURIComponent(influencer)}`, { method: "PATCH", body: JSON.stringify(body) })
      .then((kept) => {
        const same = [...document.querySelectorAll("button[data-mark]")].filter((b) => b.dataset.influencer === influencer);
        const replaced = on && same.find((b) => b !== button && b.dataset.mark !== "like" && b.getAttribute("aria-pressed") === "true");
        for (const other of same) {
          const pressed = other.dataset.mark === "listed" ? kept.listed : kept.opinion === other.dataset.mark;
          other.setAttribute("aria-pressed", String(pressed));
        }
        const words = { like: "liked", dislike: "marked “Not this”", listed: "on the shortlist" };
        const also = replaced && replaced.getAttribute("aria-pressed") === "false" ? ` and no longer ${words[replaced.dataset.mark]}` : "";
        const leaves = kept.opinion === "dislike" ? " Rankings leave it out from now on." : "";
        say(`${influencer} is ${on ? "" : "no longer "}${words[mark]}${also}.${leaves}`);
        const refine = document.getElementById("refine");
        if (refine && mark !== "listed") refine.hidden = false;
      })
      .catch((error) => say(error.message));
  });
}

// --- files dropped on an import
for (const drop of document.querySelectorAll(".drop")) {
  const input = drop.querySelector("input[type=file]");
  const list = drop.querySelector("[data-files]");
  const told = () => {
    const files = [...input.files];
    const size = files.reduce((sum, file) => sum + file.size, 0);
    list.textContent = files.length
      ? `${files.length} ${files.length === 1 ? "file" : "files"}, ${(size / 1e6).toFixed(1)} MB: ${files.slice(0, 5).map((f) => f.name).join(", ")}${files.length > 5 ? " …" : ""}`
      : "";
  };
  input.addEventListener("change", told);
  for (const kind of ["dragenter", "dragover"])
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    input.files = event.dataTransfer.files;
    told();
  });
}

// --- a slider says its value; a form that asks again is sent on change
for (const slider of document.querySelectorAll("input[type=range][data-shown]")) {
  const shown = document.getElementById(slider.dataset.shown);
  const tell = () => {
    const text = Number(slider.value);
    shown.textContent = text === 50 ? "as learned" : text > 50 ? `pictures ${text} %, words ${100 - text} %` : `words ${100 - text} %, pictures ${text} %`;
  };
  slider.addEventListener("input", tell);
  tell();
}
for (const form of document.querySelectorAll("form[data-auto]")) form.addEventListener("change", () => form.requestSubmit());

// --- ask before what cannot be undone; no form twice
for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.ask && !window.confirm(form.dataset.ask)) return event.preventDefault();
    if (form.method === "post") for (const button of form.querySelectorAll("button:not([name])")) setTimeout(() => (button.disabled = true), 0);
  });
}
addEventListener("pageshow", (event) => {
  if (event.persisted) for (const button of document.querySelectorAll("button:disabled")) button.disabled = false;
});

// --- parts of a page that take long: loaded at once, or when what folds them away is opened; without scripts they are pages
for (const place of document.querySelectorAll("[data-load]")) {
  const load = () => {
    if (place.dataset.asked) return;
    place.dataset.asked = "true";
    const link = place.innerHTML;
    place.innerHTML = '<p class="small" role="status">Takes a moment …</p><progress aria-label="Being made"></progress>';
    fetch(place.dataset.load, { headers: { accept: "text/html" } })
      .then((answer) => answer.text())
      .then((text) => {
        const piece = new DOMParser().parseFromString(text, "text/html").getElementById("piece");
        if (!piece) throw new Error("no piece");
        place.replaceChildren(...[...piece.childNodes].map((node) => document.importNode(node, true)));
      })
      .catch(() => {
        place.innerHTML = link;
        delete place.dataset.asked;
        say("This part could not be loaded; its own page may say why.");
      });
  };
  const fold = place.closest("details");
  if ("atOnce" in place.dataset) load();
  else if (fold) fold.addEventListener("toggle", () => fold.open && load());
}

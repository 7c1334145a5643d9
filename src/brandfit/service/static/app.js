// Scripts of the pages: dropped files, progress of jobs, annotations saved in place. Every page works without them.
"use strict";

const api = (path, options = {}) =>
  fetch(`/api/v1${path}`, { headers: { "content-type": "application/json", ...(options.headers || {}) }, ...options }).then(async (answer) => {
    const body = await answer.json().catch(() => ({}));
    if (!answer.ok) {
      const error = new Error([body.title, body.detail].filter(Boolean).join(" ") || `The service answered ${answer.status}.`);
      throw Object.assign(error, { status: answer.status, current: body.current });
    }
    return body;
  });

const say = (text) => {
  const place = document.getElementById("say");
  if (place) place.textContent = text;
};

// --- fields that were edited: what a page would lose when it is left or loaded again
const value = (field) => (field.type === "file" ? field.files.length : ["checkbox", "radio"].includes(field.type) ? field.checked : field.value);
const first = (field) => {
  if (field.type === "file") return 0;
  if (["checkbox", "radio"].includes(field.type)) return field.defaultChecked;
  if (field.tagName !== "SELECT") return field.defaultValue;
  const chosen = [...field.options].find((option) => option.defaultSelected) || field.options[0];
  return chosen ? chosen.value : "";
};
const edited = (form) => [...form.elements].filter((field) => field.name && !["hidden", "submit", "button"].includes(field.type) && value(field) !== first(field));

// --- a job that runs: its bar moves, and the page is made anew when it ends
for (const place of document.querySelectorAll("[data-job]")) {
  const bar = place.querySelector("progress");
  const words = place.querySelector("[data-words]");
  const ask = () =>
    api(`/jobs/${place.dataset.job}`)
      .then((job) => {
        if (!["queued", "running"].includes(job.state)) {
          if (![...document.forms].some((form) => edited(form).length)) return location.reload();
          const link = document.createElement("a");
          [link.href, link.textContent] = [location.href, "Load the page again"];
          words.replaceChildren(`It is ${job.state}. What you typed is still here. `, link);
          return bar.remove();
        }
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
for (const button of document.querySelectorAll("button[data-annotate]")) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    const { brand, influencer, annotate } = button.dataset;
    const on = button.getAttribute("aria-pressed") !== "true";
    const body = annotate === "listed" ? { listed: on } : { opinion: on ? annotate : null };
    api(`/annotations/${encodeURIComponent(brand)}/${encodeURIComponent(influencer)}`, { method: "PATCH", body: JSON.stringify(body) })
      .then((kept) => {
        const same = [...document.querySelectorAll("button[data-annotate]")].filter((b) => b.dataset.influencer === influencer);
        const replaced = on && same.find((b) => b !== button && b.dataset.annotate !== "like" && b.getAttribute("aria-pressed") === "true");
        for (const other of same) {
          const pressed = other.dataset.annotate === "listed" ? kept.listed : kept.opinion === other.dataset.annotate;
          other.setAttribute("aria-pressed", String(pressed));
        }
        const words = { like: "liked", dislike: "marked “Not this”", listed: "on the shortlist" };
        const also = replaced && replaced.getAttribute("aria-pressed") === "false" ? ` and no longer ${words[replaced.dataset.annotate]}` : "";
        const leaves = kept.opinion === "dislike" ? " Rankings leave it out from now on." : "";
        say(`${influencer} is ${on ? "" : "no longer "}${words[annotate]}${also}.${leaves}`);
        const refine = document.getElementById("refine");
        if (refine && annotate !== "listed") refine.hidden = false;
      })
      .catch((error) => say(error.message));
  });
}

// --- files dropped on an import
for (const drop of document.querySelectorAll(".drop")) {
  const input = drop.querySelector("input[type=file]");
  const list = drop.querySelector("[data-files]");
  const form = drop.closest("form");
  let dropped = [];
  const showFiles = () => {
    const files = dropped.length ? dropped.map((one) => one.file) : [...input.files];
    const size = files.reduce((sum, file) => sum + file.size, 0);
    list.textContent = files.length
      ? `${files.length} ${files.length === 1 ? "file" : "files"}, ${(size / 1e6).toFixed(1)} MB: ${files.slice(0, 5).map((f) => f.name).join(", ")}${files.length > 5 ? " …" : ""}`
      : "";
  };
  input.addEventListener("change", () => {
    dropped = [];
    showFiles();
  });
  for (const kind of ["dragenter", "dragover"])
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", async (event) => {
    event.preventDefault();
    // Entries must be taken before the first wait: the browser empties the list after the event.
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    if (!entries.some((entry) => entry.isDirectory)) {
      dropped = [];
      input.required = true;
      input.files = event.dataTransfer.files;
      showFiles();
      return;
    }
    dropped = (await Promise.all(entries.map((entry) => filesBelow(entry)))).flat();
    input.value = "";
    input.required = !dropped.length;
    showFiles();
  });
  // A form cannot hold files of folders that were dropped: they are sent with their paths.
  form.addEventListener("submit", async (event) => {
    if (!dropped.length) return;
    event.preventDefault();
    const data = new FormData(form);
    data.delete(input.name);
    for (const { file, path } of dropped) data.append(input.name, file, path);
    const answer = await fetch(form.action, { method: "POST", body: data });
    if (answer.redirected) location.href = answer.url;
    else document.documentElement.innerHTML = await answer.text();
  });
}

// the files of a dropped file or folder, with their paths
async function filesBelow(entry, folder = "") {
  const path = folder + entry.name;
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    return [{ file, path }];
  }
  const reader = entry.createReader();
  const found = [];
  // A reader gives at most 100 entries at a time.
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return found;
    for (const inner of some) found.push(...(await filesBelow(inner, `${path}/`)));
  }
}

// --- a slider says its value; a form that asks again is sent on change
for (const slider of document.querySelectorAll("input[type=range][data-output]:enabled")) {
  const output = document.getElementById(slider.dataset.output);
  const tell = () => {
    const text = Number(slider.value);
    output.textContent = text === 50 ? "as learned" : text > 50 ? `pictures ${text} %, words ${100 - text} %` : `words ${100 - text} %, pictures ${text} %`;
  };
  slider.addEventListener("input", tell);
  tell();
}
for (const form of document.querySelectorAll("form[data-auto]")) form.addEventListener("change", () => form.requestSubmit());

// --- notes: each field is saved for itself when it is left, in place
const unsaved = new Set();
for (const form of document.querySelectorAll("form[data-save]")) {
  const sent = new Map(); // field to the last save of it
  const fields = (group) => [...group.querySelectorAll("[name=note], [name=tags], [name=opinion]")];
  const tell = (group, text, wrong = false) => {
    const place = group.querySelector("[data-saved]");
    place.textContent = text;
    place.classList.toggle("unsaved", wrong);
  };
  const body = (field) => {
    if (field.name === "tags") return { tags: [...new Set(field.value.split(",").map((tag) => tag.trim()).filter(Boolean))] };
    if (field.name === "opinion") return { opinion: field.value === "none" ? null : field.value };
    return { note: field.value.trim() };
  };
  // What the page showed of each field before it was edited: the service compares it with the stored value.
  const hidden = (group) => group.querySelector("[name=on_page]");
  const onPage = (group, name) => ({ [name]: JSON.parse(hidden(group).value)[name] });
  const setOnPage = (group, name, now) => (hidden(group).value = JSON.stringify({ ...JSON.parse(hidden(group).value), [name]: now }));
  const text = (name, now) => (name === "tags" ? now.join(", ") : name === "opinion" ? now || "none" : now);
  const keep = (field, words) => {
    if (field.tagName === "SELECT") for (const option of field.options) option.defaultSelected = option.value === words;
    else field.defaultValue = words;
  };
  const settle = (group, name) => group.querySelector(`[data-conflict=${name}]`)?.remove();
  const conflict = (field, current) => {
    const group = field.closest("[data-notes]");
    const [name, theirs] = [field.name, current[field.name]];
    const what = { note: "this note", tags: "the tags", opinion: "the opinion" }[name];
    const [box, line, actions] = ["div", "p", "p"].map((tag) => document.createElement(tag));
    const [mine, other] = ["Keep yours", "Take theirs"].map((words) => Object.assign(document.createElement("button"), { type: "button", textContent: words }));
    [box.className, actions.className] = ["warn", "actions"];
    box.setAttribute("role", "alert");
    box.dataset.conflict = name;
    const quoted = Object.assign(document.createElement("bdi"), { textContent: text(name, theirs) });
    line.append(`Somebody else changed ${what} meanwhile: “`, quoted, "”. Yours is in the field, and not saved.");
    mine.addEventListener("click", () => {
      setOnPage(group, name, theirs);
      settle(group, name);
      save(field);
    });
    other.addEventListener("click", () => {
      setOnPage(group, name, theirs);
      settle(group, name);
      field.value = text(name, theirs);
      keep(field, field.value);
      unsaved.delete(field);
      const left = fields(group).some((one) => unsaved.has(one));
      tell(group, left ? "Not saved yet" : "Theirs is kept", left);
    });
    actions.append(mine, " ", other);
    box.append(line, actions);
    settle(group, name);
    group.prepend(box);
  };
  const save = (field) => {
    const group = field.closest("[data-notes]");
    const influencer = group.dataset.notes;
    const sentValue = field.value;
    let off = false; // "Not this" takes somebody off the list
    tell(group, "Saving …");
    const saved = api(`/annotations/${encodeURIComponent(form.dataset.save)}/${encodeURIComponent(influencer)}`, { method: "PATCH", body: JSON.stringify({ ...body(field), on_page: onPage(group, field.name) }), keepalive: true })
      .then((annotation) => {
        setOnPage(group, field.name, annotation[field.name]);
        settle(group, field.name);
        keep(field, sentValue);
        if (field.tagName === "SELECT") {
          const badge = group.closest("article").querySelector("[data-opinion]");
          if (badge) badge.dataset.opinion = annotation.opinion || "none";
        }
        if (field.value === sentValue) unsaved.delete(field);
        off = field.name === "opinion" && !annotation.listed;
        const left = fields(group).some((one) => unsaved.has(one));
        tell(group, left ? "Not saved yet" : `Saved at ${new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`, left);
        say(`Saved what is noted of ${influencer}.`);
        return true;
      })
      .catch((error) => {
        unsaved.add(field);
        if (error.status === 409 && error.current) conflict(field, error.current);
        tell(group, error.current ? "Not saved" : `Not saved: ${error.message}`, true);
        return false;
      });
    sent.set(field, saved);
    saved.then(() => off && Promise.all([saveAll(), ...sent.values()]).then(([all]) => all && location.reload()));
    return saved;
  };
  const saveAll = () => Promise.all([...form.elements].filter((field) => unsaved.has(field)).map(save)).then((done) => done.every(Boolean));
  form.addEventListener("input", (event) => {
    const group = event.target.closest("[data-notes]");
    if (!group) return;
    if (value(event.target) === first(event.target)) unsaved.delete(event.target);
    else unsaved.add(event.target);
    const left = fields(group).some((one) => unsaved.has(one));
    tell(group, left ? "Not saved yet" : "", left);
  });
  form.addEventListener("change", (event) => unsaved.has(event.target) && save(event.target));
  form.addEventListener("submit", (event) => {
    if (form.querySelector("button[name=theirs]")) return; // a page that the service made after a conflict: it is sent as a form
    event.preventDefault();
    event.stopImmediatePropagation(); // no button is disabled: the page stays
    const off = event.submitter && event.submitter.name === "off" ? event.submitter.value : "";
    Promise.all([saveAll(), ...sent.values()]).then(([saved]) => {
      if (!saved) return say("Something could not be saved; what you typed is still here.");
      if (!off) return say("Everything is saved.");
      return api(`/annotations/${encodeURIComponent(form.dataset.save)}/${encodeURIComponent(off)}`, { method: "PATCH", body: '{"listed": false}' })
        .then(() => location.reload())
        .catch((error) => say(error.message));
    });
  });
}
addEventListener("beforeunload", (event) => {
  if (unsaved.size) event.preventDefault();
});

// --- several forms on one page: what was typed into the others is there again when the page is
const drafts = () => `drafts ${location.pathname}`;
const named = (form) => `${form.getAttribute("action")} ${form.getAttribute("aria-label") || ""}`;
const same = (field, draft) => field.name === draft.name && (!["checkbox", "radio"].includes(field.type) || field.defaultValue === draft.of);
for (const draft of JSON.parse(sessionStorage.getItem(drafts()) || "[]"))
  for (const form of document.forms)
    for (const field of named(form) === draft.form ? form.elements : [])
      if (same(field, draft) && field.type !== "file") {
        if (["checkbox", "radio"].includes(field.type)) field.checked = draft.value;
        else field.value = draft.value;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
sessionStorage.removeItem(drafts());
addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  const others = [...document.forms].filter((form) => form !== event.target && !form.dataset.save);
  const files = others.some((form) => edited(form).some((field) => field.type === "file"));
  if (files && !window.confirm("The files that you chose elsewhere on this page must be chosen again afterwards. Go on?")) return event.preventDefault();
  const kept = others.flatMap((form) => edited(form).map((field) => ({ form: named(form), name: field.name, of: field.defaultValue, value: value(field) })));
  sessionStorage.setItem(drafts(), JSON.stringify(kept));
});

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
    if (place.dataset.requested) return;
    place.dataset.requested = "true";
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
        delete place.dataset.requested;
        say("This part could not be loaded; its own page may say why.");
      });
  };
  const fold = place.closest("details");
  if ("atOnce" in place.dataset) load();
  else if (fold) fold.addEventListener("toggle", () => fold.open && load());
}

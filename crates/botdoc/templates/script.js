"use strict";
// Makes the page kinder: times in the reader's zone, and files sent one after another with a bar for each. Without it every form
// works as a plain form. What users wrote is only ever put into text nodes.
(() => {
  // What came of an upload survives the reload that ends it.
  const KEPT = "sent " + location.pathname;
  const NO_MORE = "no more files are accepted";
  // The file that is on its way.
  let request = null;

  function localTimes() {
    const form = { day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" };
    for (const time of document.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      time.title = time.textContent;
      time.textContent = at.toLocaleString("en-GB", form);
    }
  }

  // The same words as the server's.
  function size(bytes) {
    if (bytes < 1000) return bytes === 1 ? "1 byte" : bytes + " bytes";
    const units = ["kB", "MB", "GB", "TB", "PB"];
    let amount = bytes / 1000;
    let unit = 0;
    while (amount >= 999.5 && unit + 1 < units.length) {
      amount /= 1000;
      unit += 1;
    }
    return amount.toFixed(amount < 9.95 ? 1 : 0).replace(/\.0$/, "") + " " + units[unit];
  }

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  }

  function show(region, bad, text) {
    const notice = element("p", bad ? "notice bad" : "notice good", text);
    notice.dir = "auto";
    region.append(notice);
  }

  function keep(report) {
    try {
      sessionStorage.setItem(KEPT, JSON.stringify(report));
      return true;
    } catch {
      return false;
    }
  }

  function takeKept() {
    try {
      const report = JSON.parse(sessionStorage.getItem(KEPT));
      sessionStorage.removeItem(KEPT);
      return report;
    } catch {
      return null;
    }
  }

  function showReport(report) {
    const region = document.querySelector("[data-notices]");
    if (!region) return;
    if (report) {
      region.replaceChildren();
      const count = report.received;
      if (count > 0) show(region, false, count === 1 ? "1 file received" : count + " files received");
      for (const { name, message } of report.errors) show(region, true, name + ": " + message);
    }
    if (region.childElementCount > 0) region.focus();
  }

  // Why a file need not be sent, as far as the file alone tells; the server checks again.
  function faultOf(form, file) {
    const accepted = form.elements.file.accept.split(",").filter(Boolean);
    const name = file.name.toLowerCase();
    if (accepted.length > 0 && !accepted.some((ending) => name.endsWith(ending))) return "this kind of file is not accepted";
    const most = Number(form.dataset.maxBytes || Infinity);
    return file.size > most ? "too large, at most " + size(most) + " are accepted" : "";
  }

  function rowOf(file) {
    const row = { file, item: element("li"), state: element("span", "state"), bar: element("progress"), fault: "", received: false };
    const what = element("div", "what");
    const about = element("span", "quiet", size(file.size) + " · ");
    row.bar.max = 1;
    row.bar.hidden = true;
    row.bar.setAttribute("aria-label", file.name);
    about.append(row.state);
    what.append(element("bdi", "name", file.name), about, row.bar);
    row.item.append(what);
    return row;
  }

  function mark(row, className, text) {
    row.item.className = className;
    row.state.textContent = text;
  }

  // The chosen files, each with what is wrong with it.
  function list(form) {
    const left = Number(form.dataset.left || Infinity);
    let taken = 0;
    const rows = Array.from(form.elements.file.files, (file) => {
      const row = rowOf(file);
      row.fault = faultOf(form, file);
      if (!row.fault) taken += 1;
      // Only a warning: a file before it may turn out to be refused.
      const fault = row.fault || (taken > left ? NO_MORE : "");
      mark(row, fault ? "bad" : "", fault || "ready to be sent");
      return row;
    });
    const queue = form.querySelector("[data-queue]");
    queue.replaceChildren(...rows.map((row) => row.item));
    queue.hidden = rows.length === 0;
    return rows;
  }

  // What the server said about one file: `received`, a `fault`, or `reload`: the page tells more.
  function answerOf(xhr) {
    try {
      const { received, errors } = JSON.parse(xhr.responseText);
      if (errors.length > 0) return { fault: errors[0].message };
      if (received.length > 0) return { received: true };
    } catch {
      // Not from the handler of this form: a proxy, or a page.
    }
    if (xhr.status < 400 || [401, 403, 404, 410].includes(xhr.status)) return { reload: true };
    return { fault: xhr.status === 413 ? "too large" : "the server could not take it (" + xhr.status + ")" };
  }

  // Resolves to an answer, or to `halt`: why nothing more can be sent just now.
  function post(form, row) {
    return new Promise((resolve) => {
      const body = new FormData();
      // The server reads the parts as they come: the field has to stand before the file.
      body.append("feature", form.elements.feature.value);
      body.append("file", row.file, row.file.name);
      const xhr = new XMLHttpRequest();
      xhr.open("POST", form.action);
      xhr.setRequestHeader("Accept", "application/json");
      xhr.upload.onprogress = (event) => {
        if (event.lengthComputable) row.bar.value = event.loaded / event.total;
      };
      xhr.upload.onload = () => mark(row, "", "being checked…");
      xhr.onload = () => resolve(answerOf(xhr));
      xhr.onerror = () => resolve({ halt: "the connection was lost, press Send to go on" });
      xhr.onabort = () => resolve({ halt: "stopped, press Send to go on" });
      xhr.send(body);
      request = xhr;
    });
  }

  async function sendRow(form, row) {
    row.bar.value = 0;
    row.bar.hidden = false;
    mark(row, "", "being sent…");
    row.item.scrollIntoView({ block: "nearest" });
    const answer = await post(form, row);
    row.bar.hidden = true;
    row.received = Boolean(answer.received);
    row.fault = answer.fault || "";
    if (row.received) mark(row, "good", "received");
    else mark(row, "bad", answer.fault || answer.halt || "");
    return answer;
  }

  // Nothing else on the page may be pressed while files are on their way: the reload at the end would cut it off.
  function setBusy(form, busy) {
    for (const control of document.querySelectorAll("button, .pick")) control.disabled = busy;
    const stop = form.querySelector("[data-stop]");
    stop.hidden = !busy;
    stop.disabled = false;
    window.onbeforeunload = busy ? (event) => event.preventDefault() : null;
  }

  // Sends what has not been sent, until the end (true) or something halts it (false).
  async function sendAll(form, rows) {
    const left = Number(form.dataset.left || Infinity);
    for (const row of rows) {
      if (row.fault || row.received) continue;
      if (rows.filter((other) => other.received).length >= left) {
        row.fault = NO_MORE;
        continue;
      }
      const answer = await sendRow(form, row);
      if (answer.halt) return false;
      if (answer.reload) return true;
    }
    return true;
  }

  async function send(form, rows) {
    if (rows.every((row) => row.fault)) return;
    setBusy(form, true);
    const ended = await sendAll(form, rows);
    setBusy(form, false);
    if (!ended) return;
    const errors = rows.filter((row) => row.fault).map((row) => ({ name: row.file.name, message: row.fault }));
    const kept = keep({ received: rows.filter((row) => row.received).length, errors });
    // Where nothing can be kept, what went wrong stays on the screen instead.
    if (!kept && errors.length > 0) return;
    form.reset();
    location.reload();
  }

  function watch(form) {
    let rows = list(form);
    form.elements.file.addEventListener("change", () => {
      rows = list(form);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(form, rows);
    });
    form.querySelector("[data-stop]").addEventListener("click", () => request.abort());
  }

  localTimes();
  showReport(takeKept());
  for (const form of document.querySelectorAll("form[data-upload]")) watch(form);
})();

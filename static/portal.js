// The comforts that need a script. Every page works without it.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector) => document.querySelectorAll(selector);
  const digits = (typed) => typed
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (d) => d.charCodeAt(0) & 15)
    .replace(/[\s\u200e\u200f\u2066-\u2069-]/g, "");

  // A double tap sends once.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    form.dataset.sent = "yes";
    mark(form, true);
    if (form.matches("[hx-boost=false]")) wait(true);
  }, true);

  // htmx says so itself of what it sends; of a whole page that is asked for, nobody does.
  function wait(shown) {
    $("#wait")?.classList.toggle("htmx-request", shown);
  }

  function release(form) {
    delete form.dataset.sent;
    mark(form, false);
  }

  function mark(form, busy) {
    for (const button of form.querySelectorAll("button")) {
      if (busy) button.setAttribute("aria-disabled", "true");
      else button.removeAttribute("aria-disabled");
    }
  }

  addEventListener("pageshow", () => {
    all("form[data-sent]").forEach(release);
    wait(false);
  });
  // Only the form whose request ended: a page that waits asks on while a form of it is under way.
  document.addEventListener("htmx:finally:request", (event) => {
    const { sourceElement } = event.detail.ctx;
    if (sourceElement.matches("form")) release(sourceElement);
  });

  // What answers a form in place keeps the form's address. A page that still waits is not swapped: nothing moves under a finger.
  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx } = event.detail;
    if (ctx.sourceElement.matches("[data-poll]") && ctx.text.includes("data-poll")) event.preventDefault();
    const answered = ctx.request.method !== "GET" && !ctx.response.raw.redirected && !ctx.push;
    if (answered || ctx.response.status >= 400) ctx.push = "false";
  });

  document.addEventListener("htmx:after:settle", (event) => {
    if (event.target.id === "delivery") all("#delivery [data-wait]").forEach(countDown);
    if (event.target.id === "expiry") watch();
    if (event.target.id !== "page") return;
    arrive();
    const place = $("[autofocus]") || $("h1");
    place.focus({ preventScroll: place.matches("h1") });
    setTimeout(say, 100); // the title comes after the swap
  });

  // A status that comes in with its page is not heard by itself; an error that took the focus is, and nothing is to speak over it.
  function say() {
    if ($("[autofocus]")) return $("#said").replaceChildren();
    const statuses = [...all("#page [role=status]")].map((status) => status.textContent.trim());
    $("#said").textContent = [document.title, ...statuses].join(". ");
  }

  for (const failed of ["htmx:response:error", "htmx:error"]) {
    document.addEventListener(failed, (event) => {
      const status = event.detail.ctx?.response?.status;
      if (status && status < 500) return;
      if (event.detail.ctx?.sourceElement.matches("[hx-trigger]")) return;
      trouble(true);
    });
  }
  document.addEventListener("htmx:before:request", () => trouble(false));

  function trouble(shown) {
    const sentence = $("#trouble");
    if (!sentence || sentence.hidden === !shown) return;
    sentence.hidden = !shown;
    const paid = Boolean($("#page [value=check], #page .receipt")); // what was taken before stays taken
    [...sentence.children].forEach((said, n) => { said.hidden = paid !== Boolean(n); });
    if (shown) sentence.focus();
  }

  // Six digits are a whole code, typed or read from the SMS.
  document.addEventListener("input", (event) => {
    if (event.target.id === "code" && /^\d{6}$/.test(digits(event.target.value))) send(event.target);
  });

  function send(code) {
    code.form.requestSubmit($("button", code.form));
  }

  let reading;
  function readSms() {
    reading?.abort();
    const code = $("#code");
    if (!code || !("OTPCredential" in window)) return;
    reading = new AbortController();
    navigator.credentials.get({ otp: { transport: ["sms"] }, signal: reading.signal })
      .then((otp) => { code.value = otp.code; send(code); })
      .catch(() => {});
  }

  // A new code may be asked for when the old one has had its time.
  function countDown(button) {
    const shown = $(".number", button);
    const until = Date.now() + button.dataset.wait * 1000;
    const tick = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      button.disabled = left > 0;
      shown.textContent = left > 0 ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` : "";
      if (left > 0 && button.isConnected) setTimeout(tick, 1000);
    };
    tick();
  }

  // Before a visit ends it says so; when it has ended, what it showed goes away.
  let ends = 0;
  let warns = 0;
  function watch() {
    const notice = $("#expiry");
    ends = warns = 0;
    if (!notice) return;
    const way = $("a", notice);
    if (!way) return location.assign(notice.dataset.afterwards); // it was over when it was to be kept
    ends = Date.now() + way.dataset.left * 1000;
    warns = ends - way.dataset.warn * 1000;
    notice.hidden = true;
  }

  function look() {
    if (!ends) return;
    if (Date.now() >= ends) location.assign($("#expiry").dataset.afterwards);
    else if (Date.now() >= warns) $("#expiry").hidden = false;
  }

  setInterval(look, 1000);
  document.addEventListener("visibilitychange", look);

  // The ways to a person close again when the page is touched elsewhere.
  document.addEventListener("click", (event) => {
    for (const open of all(".human [open], .languages[open]")) {
      if (!open.contains(event.target)) open.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const open of all(".human [open], .languages[open]")) {
      open.open = false;
      $("summary", open).focus();
    }
  });

  // What was typed goes along into another language, once: no code and no ID number, which are of digits alone.
  const TYPED = "main :is(input, select):not([type=hidden], [type=password], [inputmode=numeric], [autocomplete=one-time-code])";
  document.addEventListener("click", (event) => {
    const way = event.target.closest("a[hreflang]");
    if (!way) return;
    const fields = [...all(TYPED)].map((field) => [field.id, field.value]);
    sessionStorage.setItem("typed", JSON.stringify([way.pathname, fields]));
  });

  function typeAgain() {
    const [path, fields] = JSON.parse(sessionStorage.getItem("typed")) ?? [];
    sessionStorage.removeItem("typed");
    if (path !== location.pathname) return;
    for (const [id, value] of fields) {
      const field = document.getElementById(id);
      if (field) field.value = value;
    }
  }

  function arrive() {
    watch();
    readSms();
    all("button[data-wait]").forEach(countDown);
  }
  arrive();
  try { typeAgain(); } catch { /* a browser that keeps nothing */ }
})();
